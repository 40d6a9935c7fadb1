//! The same for the commands about webhooks, and for the one that looks whether all is in place.

pub(crate) const SIGN_WITH: &str = "\
The file that holds the secret to sign with, one line; without it identity events are signed with [env: II_WEBHOOK_SECRET]";

pub(crate) const CHECK_WITH: &str = "\
The file that holds the secret of the registered webhook, one line; without it that of [env: II_WEBHOOK_SECRET]";

pub(crate) const LISTEN: &str = "\
Examples:
  ii listen
  ii listen --json
  ii listen 0.0.0.0:8443 --public-url https://hooks.example.com/ii
  ii listen --forward-to http://127.0.0.1:9000/ii --inbox inbox.db
  ii listen 0 --count 1 --json > event.json

Jobs are taken at /jobs, whoever sent them: give that URL as their webhookUrl.
Events of the registered webhook are taken at /events. Both are behind --public-url,
or the address itself; it is said on stderr once it listens. To try it, without API:
  ii trigger detect --to http://127.0.0.1:8787/jobs

A job's webhook is not signed, so anybody may have made it up. With II_CLIENT_ID and
II_CLIENT_SECRET, or --base-url of an `ii serve`, each is told once the API says the
same. Events must be signed where a secret is known.

With --forward-to each event is posted there, one after the other: the very bytes of
the inbox (once confirmed they are the API's), as application/json; of a signed
event with its X-Niro-Signature. Other headers are not kept. What is not taken is
tried again, up to 12 times, after pauses that grow from 1 s; then it is put away.
With --inbox that goes on where it was cut off. Give each `ii listen` an inbox of
its own: the events of one that a program uses would be taken from that.

Piped, it is a line for each event: number, time, kind, job, status or name, what it
says, and what became of --forward-to, with tabs between. With --json, one object a
line, those with a ? where they are known:
  {\"seq\", \"kind\", \"jobId\"?, \"rid\"?, \"idempotencyKey\", \"signed\", \"attempt\",
    \"receivedAt\" (ms), \"event\" (else \"body\", where it is no JSON),
    \"forwarded\"?: {\"taken\", \"status\"?, \"seconds\", \"message\"?, \"said\"?}}
and stderr begins with a line {\"listening\": {\"url\", \"jobs\", \"events\", ..}}.
Ctrl-C ends it, with exit code 0.";

pub(crate) const TRIGGER: &str = "\
Examples:
  ii trigger detect --to http://127.0.0.1:9000/ii
  ii trigger detect --to http://127.0.0.1:9000/ii --set status=COMPLETED_ALL_ERROR \\
    --set 'imageResults[0].status=SPIDERWEBS_ERROR'
  ii trigger identity.created --to http://127.0.0.1:9000/events \\
    --secret-key-file secret.txt
  ii trigger --body kept.json --to http://127.0.0.1:9000/ii    byte for byte
  ii trigger ask --to http://127.0.0.1:9000/ii --times 3       duplicates
  ii trigger match --print > body.json                         nothing is sent

Needs no API and no credentials. The body is what the service would send, with ids
of its own each time. With --to a callback URL (../cb/..) the job has the name that
the URL was made for, and the body says the whole URL, as the service's does.

As the service does it: one POST, no redirect followed, no connection kept, and
exactly 200 within 10 s is a success; it sends anything else again, up to 5 times,
204 too. It signs events of the registered webhook (X-Niro-Signature), and never
the webhooks of jobs; a file of --secret-key-file signs those as well. No option
takes the secret itself, which others on this machine could see.

--set takes JSON, or else a string: 7 is a number, and '\"7\"' a string. An index
right behind the end of a list adds to it. A file of --body is sent as it is, line
end and all, so that its signature is the one that it had.

Piped, it is a line for each delivery: status (- where there is none), time, and
taken or not taken, with tabs between. With --json one object:
  {\"event\", \"id\"?, \"to\", \"bytes\", \"signed\", \"taken\" (how many), \"deliveries\":
    [{\"taken\", \"seconds\", \"status\"?, \"kind\"?, \"message\"?, \"said\"?}]}
The exit code is 0 where each was taken, else 5.";

pub(crate) const DOCTOR: &str = "\
Examples:
  ii doctor
  ii doctor cameras/ --public-url https://hooks.example.com/ii
  ii doctor --base-url http://127.0.0.1:8080/v2 --json
  ii doctor --inbox inbox.db

Looks at each thing in turn, and goes on where one is amiss: the settings and where
each came from, the base URL, a proxy, DNS, the connection, TLS and its certificate,
the credentials and what they allow, this machine's clock, a read, the limits, and
the pictures that you name. No job is made, so nothing is spent.

With --public-url, one POST goes there from this machine (the service calls from
elsewhere), signed where II_WEBHOOK_SECRET is set. Its body is an event that your
handler can tell by its name: {\"event\": \"II_DOCTOR\", \"createdAt\": ..}

With --inbox, your receiver's inbox is opened, and warned of are dead letters and
events that nobody handles.

Each check is ok, a warning, failed, or skipped where it needs one that failed.
Piped, it is a line for each: how it went, its name, what was seen, and what to do,
with tabs between. With --json one object:
  {\"ok\", \"warnings\", \"failed\", \"skipped\" (how many of each), \"checks\":
    [{\"check\", \"status\", \"message\", \"next\"?, \"kind\"?, ..}]}
The exit code is 0 unless a check failed: then it is that of the first that did.";
