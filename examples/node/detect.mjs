// Ask which pictures show a person, and wait for the answer.
//
//   ii serve     # in another terminal; then set the three variables that it prints
//   node detect.mjs street.jpg https://example.com/street.jpg

import { customIdOrUrl, errors, found, ImageIntelligence } from 'image-intelligence';

let pictures = process.argv.slice(2);
if (pictures.length === 0) pictures = [new URL('../photos/astronaut.jpg', import.meta.url).pathname];

const client = new ImageIntelligence();
const job = await client.detect({
  // A string is a URL to the library, so a file is said to be one.
  images: pictures.map((picture) => (picture.includes('://') ? picture : { path: picture })),
  classes: ['person', { class: 'car', verify: 'NEVER' }],
}); // a handle: an id, a resume token
const result = await job.wait({ timeout: 60_000 }); // the result

for (const hit of found(result, 'person')) {
  console.log(customIdOrUrl(hit.image), hit.confidence.toFixed(2));
}
// A picture that could not be looked at is part of the result, not an error.
for (const image of errors(result)) {
  console.error(`${customIdOrUrl(image)}: ${image.status}`);
}
