//! The same for the commands about an inbox.

pub(crate) const INBOX_PLACE: &str =
    "Where the inbox is: a file, or postgres://.. (its password in the environment) [env: II_INBOX]";

pub(crate) const INBOX: &str = "\
Examples:
  ii inbox list --inbox inbox.db
  ii inbox show 17 --inbox inbox.db
  ii inbox dead --inbox inbox.db
  ii inbox replay --dead --inbox inbox.db
  ii inbox prune --inbox inbox.db

These look into the inbox of a receiver, of a program or of `ii listen --inbox`, and
may do so while that runs. An inbox that does not exist is not made.";

pub(crate) const INBOX_LIST: &str = "\
Examples:
  ii inbox list --inbox inbox.db
  ii inbox list --inbox inbox.db --state ready --kind detect
  ii inbox list --inbox inbox.db --job f9d73f87 --json
  ii inbox list --inbox inbox.db --before 1200 --limit 50

An event is received (waits until the API confirms it), ready (for a handler, or its
next attempt), leased (a handler has it), done, or dead (no handler could). How many
there are of each is said on stderr.

Piped, it is a line for each: number, when it came, kind, job, state, attempts, and
the last error, with tabs between. With --json an array, with --ndjson a line each:
  {\"seq\", \"idempotencyKey\", \"rid\", \"jobId\", \"kind\", \"state\", \"signed\",
    \"attempts\", \"deliveries\" (webhooks that brought it), \"receivedAt\" (ms),
    \"confirmedAt\", \"doneAt\", \"nextAt\", \"error\", \"size\"}";

pub(crate) const INBOX_SHOW: &str = "\
Examples:
  ii inbox show 17 --inbox inbox.db
  ii inbox show 17 --inbox inbox.db --json
  ii inbox show 17 --inbox inbox.db --raw > body.json

The body is shown with lines and margins, and without the tokens of callback URLs.
With --json it is `body` as it came, every byte of it (`bodyBase64`, where it is no
text), and with --raw it alone; both hold the token, with which a webhook for that
job can be sent. To send it again, to any receiver:
  ii trigger --body body.json --to http://127.0.0.1:9000/ii";

pub(crate) const INBOX_REPLAY: &str = "\
Examples:
  ii inbox replay 17 18 --inbox inbox.db
  ii inbox replay --dead --inbox inbox.db

Events that are done or dead are handed out again, from their first attempt on, with
the same idempotency key. Says how many: not those whose body was pruned, nor those
that wait for a handler anyway. With --json: {\"replayed\"}";

pub(crate) const INBOX_DEAD: &str = "\
Examples:
  ii inbox dead --inbox inbox.db
  ii inbox dead --inbox inbox.db --json

Piped, it is a line for each: number, when it came, kind, job, attempts, and the
last error, with tabs between. With --json as `ii inbox list`.
To have them handled again:
  ii inbox replay --dead --inbox inbox.db";

pub(crate) const INBOX_PRUNE: &str = "\
Examples:
  ii inbox prune --inbox inbox.db

Takes away bodies of events that were done 7 days ago, and what is known of events
and jobs that ended 90 days ago; a receiver does so by itself every hour. With
--json: {\"bodies\", \"events\", \"jobs\"}";
