// What the native side says besides answers and errors, for whoever subscribes to the channel.

import { channel } from 'node:diagnostics_channel';
import { translated } from './errors.js';
import { native } from './native.js';

/** Kept, as a channel that nobody subscribes to is else forgotten. */
const log = channel('image-intelligence');

function publish(record: object): void {
  log.publish(record);
}

/** Publishes, from now on, warnings and errors, and what matters less where there is a subscriber at this time. */
export function listen(): void {
  translated(() => native.listen(publish, log.hasSubscribers));
}
