//! The receiver: takes webhooks, and answers 200 once what they brought is on the disk.
