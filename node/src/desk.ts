// What judges requests: a receiver's desk, and that of a handler without an inbox.

import type { NativeAdmitted, NativeAnswer } from './native.js';

/** Judges requests, before and after their body. @internal */
export interface Desk {
  admit(method: string, path: string, headers: string[]): NativeAnswer | Admission;
}

/** A request that was let in, and its body as far as it has come. @internal */
export abstract class Admission<Native extends NativeAdmitted = NativeAdmitted> {
  protected readonly native: Native;

  constructor(native: Native) {
    this.native = native;
  }

  get patience(): number {
    return this.native.patience;
  }

  push(piece: Uint8Array): NativeAnswer | null | undefined {
    return this.native.push(piece);
  }

  late(): NativeAnswer | null | undefined {
    return this.native.late();
  }

  brokenOff(): void {
    this.native.brokenOff();
  }

  leave(): void {
    this.native.leave();
  }

  abstract finish(): Promise<NativeAnswer>;
}
