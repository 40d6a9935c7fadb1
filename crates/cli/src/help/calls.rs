//! The same for the commands that came after the first ones, in the order of `ii --help`.

pub(crate) const SECRET_KEY_FILE: &str = "\
The file that holds the secret with which events are signed, 8 to 256 characters [env: II_WEBHOOK_SECRET, the secret itself]";

pub(crate) const MATCH: &str = "\
Examples:
  ii match cameras/ --target dog --shows https://example.com/rex.jpg
  ii match street.jpg yard.jpg --target dog --target-id rex \\
    --shows https://example.com/rex-1.jpg --shows https://example.com/rex-2.jpg
  ii match cameras/ --target car --shows https://example.com/car.jpg --json
  ii match cameras/ --target car --shows https://example.com/car.jpg \\
    --manifest run.json --ndjson

The pictures are those to look through: any number of files, URLs or - for stdin;
see `ii detect --help`. What --shows names are 1 to 3 URLs, which the service
fetches.

On a terminal the result is a table. Piped, it is a line for each picture: the
picture and yes, no or -, with a tab between. The API names one picture: that is
the yes; the others are - then, since it does not say of them. Where it names none
all are no. With --json it is the job as the API answers it, and each picture has
`input`, as in `ii detect`; with --ndjson, once the job is done, each has `chosen`,
true for the one that the API names.

Of more than 64 pictures each job names one, so there may be several yes; with
--batch-size 1 each picture is looked at alone, and the others are no.";

pub(crate) const ASK: &str = "\
Examples:
  ii ask \"Is the door open?\" door.jpg
  ii ask \"Is the shelf empty?\" aisle/ --json
  ii ask \"Is the door open?\" door.jpg --yes https://example.com/open.jpg \\
    --no https://example.com/shut.jpg
  ii ask \"Is the door open?\" doors/ --batch-size 1 --manifest run.json --ndjson

The question comes first. --yes and --no name up to 3 pictures each for which the
answer is known, by URL.

On a terminal the result is a table. Piped, it is a line for each picture: the
picture and yes, no or -, with a tab between. The API names one picture for which
the answer is yes; the others are - then, since it does not say of them. Where it
names none all are no.

Of more than 64 pictures (any number will do, see `ii detect --help`) each job names
one; with --batch-size 1 each is asked about alone, so that it is yes or no.";

pub(crate) const RECOGNIZE: &str = "\
Examples:
  ii recognize door.jpg --namespace staff
  ii recognize 'cameras/*.jpg' --namespace staff --feed-id door-7 --ndjson
  ii recognize door.jpg --namespace staff --no-wait
  ii recognize doors/ --namespace staff --manifest run.json --ndjson

On a terminal the result is a table: each face, whose it is, and how sure the
service is. Piped, it is a line for each face: picture, id of the identity (? for
a face that is nobody's yet), confidence and, where known, the box, with tabs
between; - in place of identity and confidence where there is no face.
To see who an id is: ii identities get ID --namespace staff
Any number of pictures will do: see `ii detect --help`.";

pub(crate) const JOBS: &str = "\
Examples:
  ii jobs wait ii1_..                            go on waiting for a job
  ii jobs get f9d73f87 --kind match
  ii jobs find --custom-id crate-17
  ii jobs list --after 2h                        of the last two hours";

pub(crate) const JOBS_GET: &str = "\
Examples:
  ii jobs get ii1_..                             by its resume token
  ii jobs get f9d73f87                           a detect job, by its id
  ii jobs get f9d73f87 --kind ask --json
  ii jobs get f9d73f87 --namespace staff         a recognize job";

pub(crate) const JOBS_WAIT: &str = "\
Examples:
  ii jobs wait ii1_..
  ii jobs wait f9d73f87 --kind match --timeout 1h
  ii jobs wait f9d73f87 --namespace staff --json
  ii jobs wait ii1_.. ii1_.. --ndjson            of many jobs, each when it is done
  ii jobs wait - < tokens.txt

Of many jobs each is printed when it is done; with --json they are one array at the
end. Tokens may be of any kind of job. On a line of stdin the last word counts, so
what --no-wait prints will do. An error of one job is said on stderr, and the
others are waited for; the exit code is that of the worst.";

pub(crate) const JOBS_FIND: &str = "\
Examples:
  ii jobs find --custom-id crate-17
  ii jobs find --custom-id crate-17 --kind ask --json
  ii jobs find --custom-id crate-17 --namespace staff

Piped, it is a line for each job, the oldest first: id, status and when it was
made, with tabs between.";

pub(crate) const JOBS_LIST: &str = "\
Examples:
  ii jobs list --after 2h                        detect jobs of the last two hours
  ii jobs list --kind match --feed-id door-7 --limit 10
  ii jobs list --after 2017-02-21 --before 2017-02-21T12:00:00Z --json
  ii jobs list --namespace staff --after 1487648348000 --ndjson

WHEN is one of: a duration before now (30m, 2h, 7d; `2h ago` is the same), a date
(its midnight in UTC), a date and time with its zone (RFC 3339), or milliseconds
since 1970. Whether a bound is included is not promised by the API.

Piped, it is a line for each job: id, status, when it was made, customId and
feedId, with tabs between; - for what there is not.";

pub(crate) const FEEDBACK: &str = "\
Examples:
  ii feedback give f9d73f87 --false-positive person
  ii feedback list --job f9d73f87";

pub(crate) const FEEDBACK_GIVE: &str = "\
Examples:
  ii feedback give f9d73f87 --false-positive person
  ii feedback give ii1_.. --false-negative car --false-negative dog --json

Only detect jobs take feedback.";

pub(crate) const FEEDBACK_GET: &str = "\
Example:
  ii feedback get 81a1b3f0 --json";

pub(crate) const FEEDBACK_LIST: &str = "\
Examples:
  ii feedback list --job f9d73f87
  ii feedback list --ndjson

Piped, it is a line for each class: id, job, class, code and when it was given,
with tabs between.";

pub(crate) const IDENTITIES: &str = "\
Examples:
  ii identities create --namespace staff --custom-id ann --image 5f0c77a1
  ii identities list --namespace staff --without-custom-id";

pub(crate) const IDENTITIES_CREATE: &str = "\
Examples:
  ii identities create --namespace staff --custom-id ann
  ii identities create --namespace staff --image 5f0c77a1 --image 0b9d2c44 --json

Pictures of faces come from recognize jobs: ii images list --namespace staff";

pub(crate) const IDENTITIES_GET: &str = "\
Example:
  ii identities get 3c1de8f2 --namespace staff --json";

pub(crate) const IDENTITIES_UPDATE: &str = "\
Examples:
  ii identities update 3c1de8f2 --namespace staff --custom-id ann
  ii identities update 3c1de8f2 --namespace staff --add-image 5f0c77a1
  ii identities update 3c1de8f2 --namespace staff --remove-image 0b9d2c44";

pub(crate) const IDENTITIES_DELETE: &str = "\
Example:
  ii identities delete 3c1de8f2 --namespace staff";

pub(crate) const IDENTITIES_LIST: &str = "\
Examples:
  ii identities list --namespace staff
  ii identities list --namespace staff --without-custom-id --all --ndjson
  ii identities list --namespace staff --after 7d --oldest-first

Piped, it is a line for each: id, customId, how many pictures, and when it was
made, with tabs between; - for what there is not.";

pub(crate) const GROUPS: &str = "\
Example:
  ii groups list --namespace staff";

pub(crate) const GROUPS_GET: &str = "\
Example:
  ii groups get 77e0a9b1 --namespace staff --json";

pub(crate) const GROUPS_LIST: &str = "\
Examples:
  ii groups list --namespace staff --after 2h
  ii groups list --namespace staff --all --json

Piped, it is a line for each: id, id of the identity, how many pictures, and when
it was made, with tabs between; - for what there is not.";

pub(crate) const IMAGES: &str = "\
Examples:
  ii images list --namespace staff --feed-id door-7
  ii images download 5f0c77a1 --namespace staff -o face.jpg";

pub(crate) const IMAGES_GET: &str = "\
Example:
  ii images get 5f0c77a1 --namespace staff --json";

pub(crate) const IMAGES_LIST: &str = "\
Examples:
  ii images list --namespace staff --feed-id door-7
  ii images list --namespace staff --without-feed-id --all --ndjson

Piped, it is a line for each: id, id of the identity, customId, feedId, and when
it was made, with tabs between; - for what there is not.";

pub(crate) const IMAGES_DOWNLOAD: &str = "\
Examples:
  ii images download 5f0c77a1 --namespace staff -o face.jpg
  ii images download https://images.example.com/1 -o street.jpg
  ii images download 5f0c77a1 --namespace staff -o - > face.jpg

A URL is fetched without the token; only by https, and only from a public address
(from this machine, too, where the API is on it). At most 32 MiB.";

pub(crate) const TOKEN: &str = "\
Examples:
  ii token
  ii token --json
  curl -H \"Authorization: Bearer $(ii token --show)\" ..

Without --show the token itself is not printed. With it, stdout is the token and a
line end: keep it out of logs and of the history of your shell.";

pub(crate) const WEBHOOKS: &str = "\
Example:
  ii webhooks register https://hooks.example.com/ii --secret-key-file secret.txt";

pub(crate) const WEBHOOKS_REGISTER: &str = "\
Examples:
  ii webhooks register https://hooks.example.com/ii --secret-key-file secret.txt
  ii webhooks register https://hooks.example.com/ii --yes

There is one such webhook for each application, and it cannot be taken back: so
it asks whether you are sure, or wants --yes where nobody can be asked.

It brings IDENTITY_CREATED and IDENTITY_UPDATED. Each event is signed with the
secret of the file (its line end is left out) or of II_WEBHOOK_SECRET; no option
takes the secret itself, which others on this machine could see. Without a secret
events are not signed, so that anybody may post what looks like one; should the
service make up a secret, it goes to the file of --save-secret, and nowhere else.
For webhooks of single jobs: --webhook-url of `ii detect` and the like.";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  ii completions bash > ~/.local/share/bash-completion/completions/ii
  ii completions zsh > ~/.zfunc/_ii
  ii completions fish > ~/.config/fish/completions/ii.fish";

pub(crate) const MAN: &str = "\
Examples:
  ii man | man -l -
  ii man ~/.local/share/man/man1";
