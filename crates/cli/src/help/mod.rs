//! What `--help` says after the list of options: examples, and what a script has to know. Short lines, since a terminal
//! that has to wrap them spoils their columns. A test reads each example as a command line.

mod calls;
mod hooks;
mod inbox;

pub(crate) use calls::*;
pub(crate) use hooks::*;
pub(crate) use inbox::*;

/// The commands in groups, which clap cannot make; a test holds them to the commands that there are.
pub(crate) const TEMPLATE: &str = "\
{about-with-newline}
{usage-heading} {usage}

To try it:
  demo         Show it working: a server, four photos, one job, its result
  serve        Run the API on this machine, with a real detector
  doctor       Check that all is in place, before anything is spent

Jobs:
  detect       Find classes of objects in pictures
  match        Find the picture that shows a target, such as this dog
  ask          Ask a question about pictures, to be answered with yes or no
  recognize    Find faces in pictures, and whose they are
  jobs         Look at, wait for, or find jobs that were submitted before
  feedback     Say where a detect job was wrong, and read what was said

What recognition keeps:
  identities   Whom recognition knows: make, read, change, forget, list
  groups       The groups that recognition makes of faces
  images       The pictures of faces, and pictures that the API keeps

Webhooks:
  listen       Receive webhooks: print each, or pass it on
  inbox        Look into what a receiver keeps, and have it handled again
  trigger      Send a webhook to your receiver, as the service would
  webhooks     Have the events of your application posted to a URL

Your account:
  token        Show whose the credentials are, and what they allow

This terminal:
  completions  Print what makes a shell complete `ii` commands
  man          Print the manual page, or write all of them
  help         Print this, or the help of a command: ii help jobs list

Options:
{options}{after-help}
";

pub(crate) const BASE_URL: &str = "Where the API is [env: II_BASE_URL] [default: https://api.imageintelligence.com/v2]";

pub(crate) const ADMIN_TOKEN: &str = "\
What /_ii asks its callers for; others on this machine can see an option, and not the environment [env: II_ADMIN_TOKEN]";

pub(crate) const ALL: &str = "\
Examples:
  ii demo                                see it work; needs nothing
  ii serve                               the API on this machine, with a detector
  ii doctor                              whether all is in place
  ii detect street.jpg --class person    what is in a picture
  ii detect cameras/ --class person --class car:never --annotate out/
  ii detect cameras/ --class person --manifest run.json --ndjson    any number
  ii detect https://example.com/street.jpg --class person --json
  ii match cameras/ --target dog --shows https://example.com/rex.jpg
  ii ask \"Is the door open?\" door.jpg    yes or no
  ii recognize door.jpg --namespace staff    whose face it is
  ii jobs wait ii1_..                    go on waiting for a job
  ii jobs find --custom-id crate-17      whether a job was made
  ii listen                              webhooks, as they come
  ii trigger detect --to http://127.0.0.1:9000/ii    a webhook for your receiver

Environment:
  II_BASE_URL       where the API is, as --base-url
  II_CLIENT_ID      the credentials; an `ii serve` on this machine
  II_CLIENT_SECRET  needs none
  II_INBOX          the inbox that `ii inbox` looks into
  II_WEBHOOK_SECRET what signs the events of a registered webhook
  NO_COLOR          no colours

Exit codes:
  0    done
  1    what has to be kept cannot be: the file of --manifest (a client's journal),
       the database of `ii serve --db`, or an inbox, cannot be written or read
  2    a bad option, no credentials, a file that cannot be read or written, or
       a request that was refused before it was sent
  3    the job is done, but some or all pictures could not be looked at, or are
       not in the answer
  4    not done in time; the job goes on, see `ii jobs wait`. Of many jobs: some
       were not, and all others are done
  5    refused by the API, or it could not be reached; of `ii trigger`: the receiver
       did not take it
  6    unknown whether the job (or what else was sent), or one of many, was made;
       the hint says how to look for it, such as by `ii jobs find`
  130  Ctrl-C; the job goes on (143 for SIGTERM, 129 for SIGHUP)

Errors go to stderr: a line, and a hint. With --json or --ndjson it is one line
of JSON, where those with a ? are there if they are known:
  {\"error\": {\"kind\", \"message\", \"retryable\", \"hint\"?, \"status\"?,
    \"requestId\"?, \"retryAfter\"? (seconds), \"lastStatus\"?, \"resumeToken\"?,
    \"customId\"?, \"candidates\"?, \"resumeTokens\"?}}";

pub(crate) const DEMO: &str = "\
Examples:
  ii demo
  ii demo --poll

Needs nothing: the server runs inside this command, on this machine only, and
the environment is ignored.

The result comes by webhook: a receiver, inside this command too, stores what the
server posts in an inbox before it answers 200, and asks the server whether that is
true. With --poll there is none, and the client asks until the job is done.";

pub(crate) const SERVE: &str = "\
Examples:
  ii serve
  ii serve --port 0 --json          a free port; the line says which
  ii serve --db jobs.db             jobs outlive the server
  ii serve --progression time=20    every job takes 20 s, to try out waiting

The credentials file is a JSON array of clients; `scope` may be left out:
  [{\"clientId\": \"..\", \"clientSecret\": \"..\", \"scope\": \"detect:create detect:read\"}]
Without one, on a loopback address only, client id and secret are `local`.

It finds objects for real. What match, ask and recognize answer is for you to say:
  curl localhost:8080/_ii/answers \\
    -d '{\"kind\": \"ask\", \"image\": \"*\", \"answer\": \"yes\"}'
An image is a customId, a URL, or * for all; a match has matches, recognize faces.

Faults, to test a client: what goes wrong, and how often. Three ways to ask:
  one request   -H 'II-Emulate: fault=status;code=503'
  from now on   curl localhost:8080/_ii/faults -d '{\"fault\": \"reset\", \"n\": 2}'
  from a file   --scenario FILE, as {\"seed\": 7, \"faults\": [{\"fault\": \"html\"}]}
They are status, reset, truncate, slow, html, rate_limit, search_cap, search_omit,
and of webhooks webhook.drop, .duplicate, .delay, .reorder, .early, .bad_signature,
.oversize, .slow and .cut; `curl localhost:8080/_ii` tells what each takes. All take
n (how many times), skip, probability and seed; rules also match: {\"method\",
\"path\"}. With
\"when\": \"after\" the request took effect, and only its answer is lost:
  {\"fault\": \"reset\", \"when\": \"after\", \"n\": 1,
   \"match\": {\"method\": \"POST\", \"path\": \"/v2/detect\"}}
The same seed and requests make the same faults.

A job's webhookUrl is called when the job is done, up to 6 times, until it answers
200 within 10 s; each try is told, and any webhook can be sent again:
  curl localhost:8080/_ii/deliveries
  curl -X POST localhost:8080/_ii/deliveries/ID/redeliver

/_ii is there on loopback addresses only, unless II_ADMIN_TOKEN is set: then it
asks for that token, as Authorization: Bearer or II-Admin-Token.

Every call of the API stands in /openapi.json. POST /_ii/answers says what is in
which picture, in place of the detector:
  {\"kind\": \"ask\", \"image\": \"door\", \"answer\": \"yes\"}";

pub(crate) const DETECT: &str = "\
Examples:
  ii detect street.jpg --class person
  ii detect cameras/ --class person --class car:never
  ii detect 'cameras/**/*.jpg' --class person --ndjson
  ii detect https://example.com/street.jpg --class person
  curl -s https://example.com/street.jpg | ii detect - --class person
  find cameras -name '*.jpg' | ii detect - --class person --ndjson
  ii detect cameras/ --class person --manifest run.json --ndjson > found.ndjson
  ii detect street.jpg --class person --zone 0,0,1,0.3 --annotate out/
  ii detect cameras/ --class person --no-wait    then: ii jobs wait ii1_..
  ii detect street.jpg --class person --no-wait \\
    --webhook-url https://hooks.example.com/ii

A directory stands for the pictures right in it: jpg, jpeg, png, webp, gif, bmp;
not for the copies (NAME.boxes.jpg) of an earlier --annotate. ** in a pattern goes
into all folders below, but not through links. - is the bytes of one picture on
stdin, or a list that is read as it comes: one path or URL on each line as it is,
empty lines left out; no comments, no patterns, no directories, no quotes.

Up to 64 pictures are one job. More than that, or a list, or with --manifest,
--batch-size or --concurrency, they are as many jobs as it takes, a few at a time,
and each picture is printed as soon as its job is done:
  --manifest FILE     the same command goes on where it was cut off, at whatever
                      moment: nothing is sent twice, and every result is printed,
                      those of before too
  Ctrl-C              sends no more, and waits for what was sent; a second time
                      it ends at once and says which jobs go on
  a broken picture    has an error of its own, and the others go on (exit code 3)
How far it is stands on stderr: a bar, or a line every 10 s where that is no
terminal. With --json it is one document at the end:
  {\"images\": [.. as the lines of --ndjson ..], \"done\", \"failed\", \"jobs\"}
A picture of which there is no result has an \"error\" in place of one.

Classes are the service's; `ii serve` knows the 80 of COCO, such as person, car,
bicycle, dog, cat, dining table.

Zones say where NOT to look, as fractions of the picture from its top left:
  --zone 0,0,0.5,1         left, top, right, bottom: here the left half
  --zone person=0,0,1,0.3  for one class; without a class, for all
  --zone person=01/00      rows of a square grid, 1 leaves the cell out: here the
                           upper right quarter
Several zones of a class add up.

On a terminal the result is a table. Piped, it is a line for each object: picture,
class, confidence, and with --boxes the box (left,top,right,bottom), with tabs
between; - in place of class and confidence where nothing was found. What could
not be looked at is said on stderr.

With --json or --ndjson each picture has `input`, which is its place among yours
(index, from 0), the name you gave it (source) and how it was sent (file or url);
and with --annotate its copy as `annotated`, or `notAnnotated` and why.
Pictures that the answer leaves out are in `missing`, or lines with \"missing\": true;
lines of failed pictures have an `advice`.";
