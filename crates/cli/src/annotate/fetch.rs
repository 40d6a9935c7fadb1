//! Getting back a picture that was sent as a URL: from where the server keeps it.

use image_intelligence::{Client, ErrorKind};

/// The stored picture, or why there is none. The client fetches it without the token, and not from just any address: a
/// server must not make us call what only this machine can reach.
pub(crate) async fn stored(client: &Client, proxy_url: Option<&str>) -> Result<Vec<u8>, String> {
    let Some(proxy_url) = proxy_url else {
        return Err("the server does not say where it keeps the picture".into());
    };
    match client.image(proxy_url).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if error.kind() == ErrorKind::InvalidRequest => {
            Err(format!("{}; send it as a file to have it drawn on", error.message()))
        }
        Err(error) => Err(format!("it cannot be fetched from the server: {}", error.message())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_does_not_choose_whom_we_call() {
        let refused = async |base: &str, url: &str| {
            let client = Client::builder().base_url(base).credentials("local", "local").build().unwrap();
            stored(&client, Some(url)).await.unwrap_err()
        };
        for url in [
            "http://ii.example.com/images/1",
            "https://127.0.0.1:9/1",
            "http://localhost:9/1",
            "https://10.0.0.1/1",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
        ] {
            let why = refused("https://ii.example.com/v2", url).await;
            assert!(why.contains("the picture is not fetched") && why.contains("send it as a file"), "{url}: {why}");
        }
        let why = refused("http://127.0.0.1:8080/v2", "http://10.0.0.1/1").await;
        assert!(why.contains("is not fetched"), "{why}");
        // From a server on this machine, whatever is on this machine: here it is asked, and nobody answers.
        let why = refused("http://127.0.0.1:8080/v2", "http://127.0.0.1:9/1").await;
        assert!(why.contains("it cannot be fetched from the server"), "{why}");
    }
}
