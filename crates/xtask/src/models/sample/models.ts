// Generated from core's schema by `cargo xtask gen`: change the models there.

/**
 * A job of a made-up kind, whose docs are so long that they do not stand on one line of the width that the house keeps
 * to, and name `Level`.
 *
 * A second paragraph.
 */
export interface PourJob {
  /** Its name. */
  id: string;
  /** One each. */
  glasses?: Glass[];
  /** When it was made. UNIX time in milliseconds. */
  createdAt?: number;
  /** How far it is. */
  status: Level;
}

/** A glass. */
export interface Glass {
  /** What is in it. */
  class: string;
  /** 0 to 1. */
  fill: number;
  /** Whether it is dry. */
  dry?: boolean;
}

/** How full. One that this version does not know is kept as it came. */
export type Level =
  /** Half of it. */
  | 'HALF'
  | 'FULL'
  | (string & {});

/** What to pour. */
export interface PourClass {
  /** How full to pour. */
  level?: Level | undefined;
  /** In millilitres. */
  size?: number | undefined;
  /** What. */
  class: string;
  /** Where. */
  rows: number[][];
  /** Always `GLASS`. */
  of: 'GLASS';
}
