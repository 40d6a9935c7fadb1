// Generated from core's schema by `cargo xtask gen`: change the models there.

/** A detect job: under way, or with its results. */
export interface DetectJob {
  /** The service's name for the job. */
  id: string;
  /** One for each class that was asked for; empty until the job is done. */
  jobResults: DetectJobResult[];
  /** One for each picture, in no promised order. */
  imageResults: DetectImageResult[];
  /** When the job was made, by the service's clock. UNIX time in milliseconds. */
  createdAt?: number;
  /** How far it has come. */
  status: JobStatus;
  /** The name that the job was given when it was made, by the caller or else by us. */
  customId?: string;
  /** Which camera or source the pictures came from. */
  feedId?: string;
  /** Where the service posts the finished job. */
  webhookUrl?: string;
}

/** The picture that was chosen for a class. */
export interface DetectJobResult {
  /** The class. */
  class: string;
  /** The picture; absent where the class was found in none. */
  image?: DetectJobImage;
  /** Whether a human checked it. */
  hitl?: boolean;
}

/** A picture that was chosen for a class. */
export interface DetectJobImage {
  /** The service's name for the picture. */
  id?: string;
  /** Where it was fetched; absent for one that was sent along. */
  url?: string;
  /** Where the service keeps it. */
  proxyUrl?: string;
  /** The caller's name for it. */
  customId?: string;
  /** How sure the service is, 0 to 1. */
  confidence?: number;
  /** Which of the caller's pictures it is, where that is certain. */
  input?: Input;
}

/** One of the caller's pictures. */
export interface Input {
  /** Its place in the list that was passed in, from 0. */
  index: number;
  /** What was passed in: a URL, or the file's name; empty where it is not known (a resumed job). */
  source: string;
}

/** What became of one picture. */
export interface DetectImageResult {
  /** The service's name for the picture. */
  id?: string;
  /** Where it was fetched; absent for one that was sent along. */
  url?: string;
  /** Where the service keeps it. */
  proxyUrl?: string;
  /** The caller's name for it. */
  customId?: string;
  /** What was found in it. */
  objects: DetectedObject[];
  /** What became of it. */
  status: ImageStatus;
  /** Which of the caller's pictures it is, where that is certain. */
  input?: Input;
}

/** One object in one picture. */
export interface DetectedObject {
  /** What it is. */
  class: string;
  /** How sure the service is, 0 to 1. */
  confidence: number;
  /** Whether the service is certain. */
  verdict?: boolean;
  /** Where in the picture it is, where that was asked for and the server says it. */
  boundingBox?: BoundingBox;
}

/**
 * A rectangle in a picture, origin at the top left.
 *
 * The API has been seen to write pixels in one place and fractions of the picture in another, so the unit is whatever
 * the server sent. Our own server writes pixels of the upright picture.
 */
export interface BoundingBox {
  /** Left edge. */
  xMin: number;
  /** Top edge. */
  yMin: number;
  /** Right edge. */
  xMax: number;
  /** Bottom edge. */
  yMax: number;
}

/** What became of one picture of a job. One that this version does not know is kept as it came. */
export type ImageStatus =
  /** The server is at work. */
  | 'IN_PROGRESS'
  /** The picture was looked at. */
  | 'COMPLETED_SUCCESSFULLY'
  /** The service does not say what went wrong. */
  | 'UNKNOWN_ERROR'
  /** The job as a whole failed. */
  | 'JOB_ERROR'
  /** The picture could not be fetched from its URL. */
  | 'IMAGE_DOWNLOAD_ERROR'
  /** What came is no picture, or of a format that is not read. */
  | 'INVALID_IMAGE_FORMAT_ERROR'
  /** Cobwebs over the lens. */
  | 'SPIDERWEBS_ERROR'
  /** The detector failed. */
  | 'DETECTION_ENGINE_ERROR'
  /** No model could answer; on our own server also a class that its model does not know. */
  | 'MODEL_SERVICE_ERROR'
  /** The service could not read its own message. */
  | 'MALFORMED_MESSAGE_ERROR'
  | (string & {});

/** How far a job has come. One that this version does not know is kept as it came. */
export type JobStatus =
  /** The server is at work. */
  | 'IN_PROGRESS'
  /** Every picture was looked at. */
  | 'COMPLETED_SUCCESSFULLY'
  /** Some pictures could not be looked at; the others have results. */
  | 'COMPLETED_PARTIAL_ERROR'
  /** No picture could be looked at. */
  | 'COMPLETED_ALL_ERROR'
  | (string & {});

/** A class to look for. */
export interface DetectClass {
  /** Its name, such as `person`. */
  class: string;
  /** Whether a human should check. */
  verify?: Verify | undefined;
  /** Parts of the picture in which it is not looked for. */
  exclusionZones?: ExclusionZones | undefined;
}

/** Whether a human should check what was found. */
export type Verify =
  /** Never. */
  | 'NEVER'
  /** Where the service is not certain. */
  | 'AUTO'
  /** Always. */
  | 'ALWAYS'
  | (string & {});

/** Cells of a square grid, laid evenly over the picture, in which a class is not looked for. */
export interface ExclusionZones {
  /** Always `GRID`. */
  type: 'GRID';
  /** The finest grid the service may use: 16, 32, 64 or 128. */
  size?: number | undefined;
  /** Rows from the top, each from the left: 1 leaves the cell out, 0 keeps it. */
  zones: number[][];
}
