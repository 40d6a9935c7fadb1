//! `ii images download`: a stored picture as a file.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use console::user_attended;
use image_intelligence::Client;
use serde::Serialize;

use crate::args::ImagesDownloadArgs;
use crate::calls;
use crate::failure::Failure;
use crate::output::{Format, deliver_bytes, json_line, print, remark};

#[derive(Serialize)]
struct Downloaded {
    file: String,
    bytes: usize,
}

pub(crate) async fn run(args: &ImagesDownloadArgs, client: &Client) -> Result<(), Failure> {
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && user_attended() {
        return Err(Failure::config("-o -: a picture is nothing for a terminal").hint("-o FILE, or redirect stdout"));
    }
    // Before it is fetched: what cannot be written need not be.
    if !to_stdout && !args.force && !is_device(&args.output) && args.output.symlink_metadata().is_ok() {
        return Err(exists(&args.output));
    }
    let url = args.picture.contains("://");
    let fetch = async {
        match (&args.namespace, url) {
            (_, true) => client.image(&args.picture).await,
            (namespace, false) => {
                let namespace = namespace.as_deref().unwrap_or_default();
                client.recognition(namespace).images().picture(&args.picture).await
            }
        }
    };
    if !url && args.namespace.is_none() {
        return Err(Failure::config(format!("--namespace: not given, and {} is no URL but an id", args.picture))
            .hint("--namespace NAMESPACE for a picture of a face; a URL starts with https://"));
    }
    let bytes = calls::read(client, "fetching", fetch).await?;
    if to_stdout {
        return match deliver_bytes(&bytes) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::config(format!("the picture cannot be written to stdout: {error}")))
            }
            _ => Ok(()),
        };
    }
    write(&args.output, &bytes, args.force)?;
    let done = Downloaded { file: args.output.display().to_string(), bytes: bytes.len() };
    if args.shape.format() == Format::Text {
        remark(&format!("{}: {} bytes\n", crate::output::printable(&done.file), done.bytes));
        return Ok(());
    }
    print(&json_line(&done))
}

fn exists(file: &Path) -> Failure {
    let failure = Failure::config(format!("-o {}: it is there already, and was left as it is", file.display()));
    failure.hint("another name, or --force to replace it")
}

/// What is written to and not replaced: a device, a pipe, and a directory, which refuses.
fn is_device(file: &Path) -> bool {
    file.metadata().is_ok_and(|there| !there.is_file())
}

/// In one step where something is replaced, so that the old picture is there until the new one is whole.
fn write(file: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    let written = if is_device(file) {
        std::fs::OpenOptions::new().write(true).open(file).and_then(|mut open| open.write_all(bytes))
    } else if force {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = file.with_file_name(format!(".{name}.{}.part", std::process::id()));
        std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, file)).inspect_err(|_| {
            let _ = std::fs::remove_file(&unfinished);
        })
    } else {
        std::fs::OpenOptions::new().write(true).create_new(true).open(file).and_then(|mut open| {
            open.write_all(bytes).inspect_err(|_| {
                let _ = std::fs::remove_file(file);
            })
        })
    };
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(file),
        _ => Failure::config(format!("-o {}: it cannot be written: {error}", file.display())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_replaced_by_force_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("face.jpg");
        write(&file, b"one", false).unwrap();
        assert!(format!("{:?}", write(&file, b"two", false).unwrap_err()).contains("it is there already"));
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        write(&file, b"two", true).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        // A rename would put a file in the place of a device.
        #[cfg(unix)]
        assert!(is_device(Path::new("/dev/null")));
        assert!(format!("{:?}", write(directory.path(), b"one", true).unwrap_err()).contains("cannot be written"));
        let nowhere = directory.path().join("no/such/face.jpg");
        assert!(format!("{:?}", write(&nowhere, b"one", false).unwrap_err()).contains("cannot be written"));
    }
}
