// Be told of results, instead of asking for them, and lose none.
//
//   ii serve     # in another terminal; then set the three variables that it prints
//   node receiver.mjs inbox.db street.jpg yard.jpg
//
// It goes on until Ctrl-C. Started again with the same inbox, it hands out what came meanwhile and what was not done.

import { customIdOrUrl, errors, found, ImageIntelligence, Inbox, Receiver } from 'image-intelligence';

const [file = 'inbox.db', ...pictures] = process.argv.slice(2);
const inbox = await Inbox.open(file);
// Only a service on this machine reaches this address; for any other it takes a `publicUrl`.
const receiver = await Receiver.listen(inbox, { address: '127.0.0.1:0' });
const client = new ImageIntelligence({ webhooks: receiver });
process.once('SIGINT', () => receiver.close()); // and the loop below ends

for (const picture of pictures) {
  await client.detect({ images: [{ path: picture }], classes: ['person'] });
}
for await (const delivery of inbox) {
  try {
    if (delivery.event.kind === 'detect') {
      const { job } = delivery.event;
      for (const hit of found(job, 'person')) console.log(customIdOrUrl(hit.image), hit.confidence.toFixed(2));
      for (const image of errors(job)) console.error(`${customIdOrUrl(image)}: ${image.status}`);
    } else {
      console.error(`${delivery.event.kind}: not ours`);
    }
    await delivery.ack(); // only now is it done
  } catch (error) {
    await delivery.nack(error); // it is handed out again, after a pause
  }
}
