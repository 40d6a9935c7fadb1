//! Where a run begins: `client.detect_all(images)`.

use futures_core::Stream;
use image_intelligence_core::{AskRequest, Class, DetectRequest, MatchRequest, RecognizeRequest, Target};

use super::builder::AllBuilder;
use super::feed::Source;
use crate::client::Client;
use crate::image::Image;
use crate::kind::{Ask, Detect, Match, Recognize};

impl Client {
    /// Asks which classes of objects are in any number of pictures, as files, bytes or URLs: in as many jobs as it takes.
    ///
    /// The iterator is read as results are taken, and each file when its turn comes.
    ///
    /// ```
    /// use image_intelligence::{Client, Image};
    /// # use image_intelligence_server::{Answers, Found, Server};
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let server = Server::builder().scripted(Answers::new().otherwise([Found::new("person", 0.73)])).start().await?;
    /// # let client = Client::builder().base_url(server.base_url()).credentials("local", "local").build()?;
    /// let photos = ["astronaut.jpg", "coffee.jpg", "nowhere.jpg"];
    /// let photos = photos.map(|name| Image::file(format!("../../examples/photos/{name}")));
    /// # let (mut found, mut failed) = (0, 0);
    /// let mut items = client.detect_all(photos).class("person").start()?;
    /// while let Some(item) = items.next().await {
    ///     match item.outcome() {
    ///         Ok(image) => println!("{}: {:?}", item.source, image.classes()),
    ///         Err(error) => eprintln!("{}: {error}", item.source),
    ///     }
    /// #   if item.ok() { found += 1 } else { failed += 1 }
    /// }
    /// # assert_eq!((found, failed), (2, 1));
    /// # Ok::<(), image_intelligence::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn detect_all<I>(&self, images: I) -> AllBuilder<Detect>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Into<Image>>,
    {
        self.all_detect(Source::iterator(images))
    }

    /// As [`detect_all`](Self::detect_all), of a stream.
    pub fn detect_all_from<S>(&self, images: S) -> AllBuilder<Detect>
    where
        S: Stream<Item: Into<Image>> + Send + 'static,
    {
        self.all_detect(Source::stream(images))
    }

    /// Asks which of any number of pictures show a target. Each job names one picture that does: its item is
    /// [`chosen`](crate::Item::chosen).
    pub fn match_all<I>(&self, images: I, target: Target) -> AllBuilder<Match>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Into<Image>>,
    {
        self.all_match(Source::iterator(images), target)
    }

    /// As [`match_all`](Self::match_all), of a stream.
    pub fn match_all_from<S>(&self, images: S, target: Target) -> AllBuilder<Match>
    where
        S: Stream<Item: Into<Image>> + Send + 'static,
    {
        self.all_match(Source::stream(images), target)
    }

    /// Asks a question about any number of pictures. Each job names one picture for which it is yes: its item is
    /// [`chosen`](crate::Item::chosen). With a [batch size](AllBuilder::batch_size) of 1 each picture is asked about alone.
    pub fn ask_all<I>(&self, images: I, question: impl Into<String>) -> AllBuilder<Ask>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Into<Image>>,
    {
        self.all_ask(Source::iterator(images), question.into())
    }

    /// As [`ask_all`](Self::ask_all), of a stream.
    pub fn ask_all_from<S>(&self, images: S, question: impl Into<String>) -> AllBuilder<Ask>
    where
        S: Stream<Item: Into<Image>> + Send + 'static,
    {
        self.all_ask(Source::stream(images), question.into())
    }

    /// Looks for faces in any number of pictures, and for whose they are among the identities of a namespace.
    pub fn recognize_all<I>(&self, namespace: impl Into<String>, images: I) -> AllBuilder<Recognize>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Into<Image>>,
    {
        self.all_recognize(Some(namespace.into()), Source::iterator(images))
    }

    /// As [`recognize_all`](Self::recognize_all), of a stream.
    pub fn recognize_all_from<S>(&self, namespace: impl Into<String>, images: S) -> AllBuilder<Recognize>
    where
        S: Stream<Item: Into<Image>> + Send + 'static,
    {
        self.all_recognize(Some(namespace.into()), Source::stream(images))
    }

    fn all_detect(&self, images: Source) -> AllBuilder<Detect> {
        AllBuilder::new(self.clone(), images, DetectRequest::new([], Vec::<Class>::new()), None)
    }

    fn all_match(&self, images: Source, target: Target) -> AllBuilder<Match> {
        AllBuilder::new(self.clone(), images, MatchRequest::new([], target), None)
    }

    fn all_ask(&self, images: Source, question: String) -> AllBuilder<Ask> {
        AllBuilder::new(self.clone(), images, AskRequest::new([], question), None)
    }

    fn all_recognize(&self, namespace: Option<String>, images: Source) -> AllBuilder<Recognize> {
        AllBuilder::new(self.clone(), images, RecognizeRequest::new([]), namespace)
    }
}
