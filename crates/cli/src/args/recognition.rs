//! `ii identities`, `ii groups` and `ii images`: what recognition keeps.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use image_intelligence::{RecognitionSearch, SortOrder, Timestamp};

use crate::args::values::when;
use crate::args::{ListShapeArgs, RecordShapeArgs, check_window};
use crate::failure::Failure;
use crate::help;
use crate::output::Format;

/// What to do with identities.
#[derive(Debug, Subcommand)]
#[command(after_help = help::IDENTITIES)]
pub(crate) enum IdentitiesCommand {
    /// Make somebody known, with pictures of their face or without
    #[command(after_help = help::IDENTITIES_CREATE)]
    Create(IdentityCreateArgs),
    /// Print somebody, by their id
    #[command(after_help = help::IDENTITIES_GET)]
    Get(OneArgs),
    /// Give somebody another name, more pictures or fewer
    #[command(after_help = help::IDENTITIES_UPDATE)]
    Update(IdentityUpdateArgs),
    /// Forget somebody; the pictures of their face are nobody's then
    #[command(after_help = help::IDENTITIES_DELETE)]
    Delete(OneArgs),
    /// List whom recognition knows
    #[command(after_help = help::IDENTITIES_LIST)]
    List(RowsArgs),
}

/// What to do with groups.
#[derive(Debug, Subcommand)]
#[command(after_help = help::GROUPS)]
pub(crate) enum GroupsCommand {
    /// Print a group, by its id
    #[command(after_help = help::GROUPS_GET)]
    Get(OneArgs),
    /// List the groups
    #[command(after_help = help::GROUPS_LIST)]
    List(RowsArgs),
}

/// What to do with pictures.
#[derive(Debug, Subcommand)]
#[command(after_help = help::IMAGES)]
pub(crate) enum ImagesCommand {
    /// Print what is known of a picture of a face, by its id
    #[command(after_help = help::IMAGES_GET)]
    Get(OneArgs),
    /// List the pictures of faces
    #[command(after_help = help::IMAGES_LIST)]
    List(RowsArgs),
    /// Fetch a picture: of a face, by its id; or of a job's result, by its proxyUrl
    #[command(after_help = help::IMAGES_DOWNLOAD)]
    Download(ImagesDownloadArgs),
}

impl IdentitiesCommand {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Create(args) => args.shape.format(),
            Self::Update(args) => args.shape.format(),
            Self::Get(args) | Self::Delete(args) => args.shape.format(),
            Self::List(args) => args.shape.format(),
        }
    }
}

impl GroupsCommand {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Get(args) => args.shape.format(),
            Self::List(args) => args.shape.format(),
        }
    }
}

impl ImagesCommand {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Get(args) => args.shape.format(),
            Self::List(args) => args.shape.format(),
            Self::Download(args) => args.shape.format(),
        }
    }
}

/// One of what is kept.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// Its id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// In whose namespace it is
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: String,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityCreateArgs {
    /// In whose namespace
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: String,

    /// Your own name for them, at most 256 characters
    #[arg(long, value_name = "ID")]
    pub(crate) custom_id: Option<String>,

    /// A picture of their face, by its id (see `ii images list`); as often as you like
    #[arg(long = "image", value_name = "ID")]
    pub(crate) images: Vec<String>,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityUpdateArgs {
    /// Their id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// In whose namespace they are
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: String,

    /// Another name of your own, at most 256 characters
    #[arg(long, value_name = "ID")]
    pub(crate) custom_id: Option<String>,

    /// One more picture of their face, by its id; up to 20 times
    #[arg(long = "add-image", value_name = "ID")]
    pub(crate) add: Vec<String>,

    /// A picture that is not of their face, by its id; up to 20 times
    #[arg(long = "remove-image", value_name = "ID")]
    pub(crate) remove: Vec<String>,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}

/// Which rows, how many, and in which order.
#[derive(Debug, Args)]
pub(crate) struct RowsArgs {
    /// In whose namespace
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: String,

    /// Only this id; as often as you like, up to 100 times
    #[arg(long = "id", value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// Only those with this name of yours; up to 20 times
    #[arg(long = "custom-id", value_name = "ID", conflicts_with = "without_custom_id")]
    pub(crate) custom_ids: Vec<String>,

    /// Only those to which you gave no name
    #[arg(long)]
    pub(crate) without_custom_id: bool,

    /// Only those of this camera or source; up to 20 times
    #[arg(long = "feed-id", value_name = "ID", conflicts_with = "without_feed_id")]
    pub(crate) feed_ids: Vec<String>,

    /// Only those of no camera or source
    #[arg(long)]
    pub(crate) without_feed_id: bool,

    /// Only those made at this moment or later: 2h (so long ago), a date or date and time of RFC 3339, or milliseconds
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) after: Option<Timestamp>,

    /// Only those made at this moment or before
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) before: Option<Timestamp>,

    /// The oldest first, not the newest
    #[arg(long)]
    pub(crate) oldest_first: bool,

    /// At most so many, 1 to 100 [default: 20]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub(crate) limit: Option<u32>,

    /// Pass over so many, 0 to 100
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub(crate) offset: Option<u32>,

    /// All of them, page by page, also beyond the 200 that --limit and --offset reach
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) shape: ListShapeArgs,
}

impl RowsArgs {
    pub(crate) fn search(&self) -> Result<RecognitionSearch, Failure> {
        check_window(self.after, self.before)?;
        let mut search = RecognitionSearch::new();
        (search.limit, search.offset) = (self.limit, self.offset);
        (search.start, search.end) = (self.after, self.before);
        if !self.ids.is_empty() {
            search = search.ids(&self.ids);
        }
        if self.without_custom_id {
            search = search.without_custom_id();
        } else if !self.custom_ids.is_empty() {
            search = search.custom_ids(&self.custom_ids);
        }
        if self.without_feed_id {
            search = search.without_feed_id();
        } else if !self.feed_ids.is_empty() {
            search = search.feed_ids(&self.feed_ids);
        }
        Ok(if self.oldest_first { search.sort_by(SortOrder::Asc) } else { search })
    }
}

#[derive(Debug, Args)]
pub(crate) struct ImagesDownloadArgs {
    /// The id of a picture of a face, or a URL that an answer named
    #[arg(value_name = "ID_OR_URL")]
    pub(crate) picture: String,

    /// The file to write, which must not be there yet; - for stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// In whose namespace the picture of that id is
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Replace the file where it is there already
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) shape: RecordShapeArgs,
}
