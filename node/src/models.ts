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

/** A match job: under way, or with its result. */
export interface MatchJob {
  /** The service's name for the job. */
  id: string;
  /** What was found; empty until the job is done. */
  jobResults: MatchJobResult;
  /** One for each picture, in no promised order. */
  imageResults: ImageResult[];
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

/** The target of a match job, and the picture that shows it. */
export interface MatchJobResult {
  /** What was looked for. */
  target?: MatchTarget;
  /** The picture; absent where none shows the target. */
  image?: JobImage;
  /** Whether a human checked it. */
  hitl?: boolean;
}

/** What a match job looked for. */
export interface MatchTarget {
  /** What sort of thing it is, such as `dog`. */
  class: string;
  /** The caller's name for it. */
  customId?: string;
  /** The pictures that show it, as URLs. */
  images: string[];
}

/** A picture that was chosen as the answer of a job. */
export interface JobImage {
  /** The service's name for the picture. */
  id?: string;
  /** Where it was fetched; absent for one that was sent along. */
  url?: string;
  /** Where the service keeps it. */
  proxyUrl?: string;
  /** The caller's name for it. */
  customId?: string;
  /** Which of the caller's pictures it is, where that is certain. */
  input?: Input;
}

/** What became of one picture of a match or ask job. */
export interface ImageResult {
  /** The service's name for the picture. */
  id?: string;
  /** Where it was fetched; absent for one that was sent along. */
  url?: string;
  /** Where the service keeps it. */
  proxyUrl?: string;
  /** The caller's name for it. */
  customId?: string;
  /** What became of it. */
  status: ImageStatus;
  /** Which of the caller's pictures it is, where that is certain. */
  input?: Input;
}

/** An ask job: under way, or with its answer. */
export interface AskJob {
  /** The service's name for the job. */
  id: string;
  /** What was asked. */
  question: string;
  /** Pictures for which the answer is known, where some were given. */
  examples?: AskExamples;
  /** The answer; empty until the job is done. */
  jobResults: AskJobResult;
  /** One for each picture, in no promised order. */
  imageResults: ImageResult[];
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

/** Pictures for which the answer to a question is known. */
export interface AskExamples {
  /** URLs of pictures for which it is yes. */
  yes?: string[];
  /** URLs of pictures for which it is no. */
  no?: string[];
}

/** The answer of an ask job. */
export interface AskJobResult {
  /** A picture for which the answer is yes; absent where it is no for all of them. */
  image?: JobImage;
}

/** A recognize job: under way, or with the faces that were found. */
export interface RecognizeJob {
  /** The service's name for the job. */
  id: string;
  /** One for each picture, in no promised order. */
  images: RecognizedImage[];
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

/** A picture of a recognize job, with the faces in it. */
export interface RecognizedImage {
  /** The service's name for the picture. */
  id?: string;
  /** Where it was fetched; absent for one that was sent along. */
  url?: string;
  /** Where the service keeps it. */
  proxyUrl?: string;
  /** The caller's name for it. */
  customId?: string;
  /** What became of it, where the server says it. */
  status?: ImageStatus;
  /** The faces in it. */
  objects: Face[];
  /** Which of the caller's pictures it is, where that is certain. */
  input?: Input;
}

/** One face in one picture. */
export interface Face {
  /** Whose it is: the id of an identity; absent where it is nobody's yet. */
  identityId?: string;
  /** How sure the service is, 0 to 1. */
  confidence: number;
  /** Where in the picture it is. */
  boundingBox?: BoundingBox;
  /** When it was found, by the service's clock. UNIX time in milliseconds. */
  createdAt?: number;
}

/** Somebody, as the service knows them: by pictures of their face. */
export interface Identity {
  /** The service's name for it. */
  id: string;
  /** The caller's name for it. */
  customId?: string;
  /** The pictures of their face. */
  images: FaceImage[];
  /** The namespace in which it is kept. */
  namespace?: string;
  /** When it was made, by the service's clock. UNIX time in milliseconds. */
  createdAt?: number;
}

/** A picture of one face. */
export interface FaceImage {
  /** The service's name for it. */
  id?: string;
  /** The caller's name for the picture that it is part of. */
  customId?: string;
  /** Which camera or source the picture came from. */
  feedId?: string;
  /** Whose face it is; absent where it is nobody's yet. */
  identityId?: string;
  /** Where the picture is. */
  url?: string;
  /** Where in the picture the face is. */
  boundingBox?: BoundingBox;
  /** How sure the service is of that, 0 to 1. */
  boundingBoxConfidence?: number;
  /** What it is a picture of: `FACE`. */
  type?: string;
  /** The group that it belongs to. */
  groupId?: string;
  /** Whether the face is seen from the front. */
  isFrontal?: boolean;
  /** How sharp it is; the more, the sharper. */
  sharpness?: number;
  /** How wide it is, in pixels. */
  width?: number;
  /** How high it is, in pixels. */
  height?: number;
  /** When it was made, by the service's clock. UNIX time in milliseconds. */
  createdAt?: number;
}

/** Faces that the service takes for those of one person. */
export interface FaceGroup {
  /** The service's name for it. */
  id?: string;
  /** Whose faces they are; absent where that is not known. */
  identityId?: string;
  /** The recognize job, or the like, in which it was made. */
  batchId?: string;
  /** The namespace in which it is kept. */
  namespace?: string;
  /** Who tied it to the identity. */
  linkModifiedBy?: LinkModifier;
  /** When that was, by the service's clock. UNIX time in milliseconds. */
  linkLastModifiedAt?: number;
  /** When it was made, by the service's clock. UNIX time in milliseconds. */
  createdAt?: number;
  /** The pictures of the faces. */
  images: FaceImage[];
}

/** Who tied a group to an identity. One that this version does not know is kept as it came. */
export type LinkModifier =
  /** Somebody, by hand. */
  | 'MANUAL'
  /** The model. */
  | 'ML'
  /** A human of the service. */
  | 'HITL'
  | (string & {});

/** Feedback that the service has taken. */
export interface Feedback {
  /** The service's name for it. */
  id: string;
  /** The detect job that it is about. */
  jobId?: string;
  /** The classes about which the job was wrong. */
  classes: FeedbackClass[];
  /** When it was given, as the caller said. UNIX time in milliseconds. */
  createdAt?: number;
}

/** A class about which a detect job was wrong. */
export interface FeedbackClass {
  /** The class. */
  class: string;
  /** In which way. */
  code: FeedbackCode;
}

/** In which way a result was wrong. One that this version does not know is kept as it came. */
export type FeedbackCode =
  /** Something was found that is not there. */
  | 'FALSE_POSITIVE'
  /** Something was not found that is there. */
  | 'FALSE_NEGATIVE'
  | (string & {});

/**
 * A webhook that was registered for an organisation's application.
 *
 * Its secret is no part of this, so that it is not printed.
 */
export interface RegisteredWebhook {
  /** The service's name for it. */
  id: string;
  /** Where the service posts events. */
  url?: string;
  /** The application whose events they are. */
  application?: string;
  /** The organisation whose application it is. */
  organizationId?: string;
  /** When it was registered, by the service's clock. UNIX time in milliseconds. */
  createdAt?: number;
}

/**
 * An event that a registered webhook brought.
 *
 * The documents do not show its body, so much is read past: `raw` has all of it.
 */
export interface RegisteredEvent {
  /** What happened: `event` of the body, else its `eventType` or `type`. */
  event: EventName;
  /** When it happened, by the service's clock. UNIX time in milliseconds. */
  createdAt?: number;
  /** Whom it is about, where that can be told. */
  identity?: Identity;
}

/** What happened. One that this version does not know is kept as it came. */
export type EventName =
  /** Somebody new is known. */
  | 'IDENTITY_CREATED'
  /** What is known of somebody has changed. */
  | 'IDENTITY_UPDATED'
  | (string & {});

/** The end of one of our own jobs that will have no result: an inbox says so in its place, once. */
export interface GaveUp {
  /** Our own name for the job, 32 hex digits. */
  rid: string;
  /** What the job does: `detect`, `match`, `ask` or `recognize`. */
  kind: string;
  /** The namespace of a recognize job. */
  namespace?: string;
  /** The service's name for the job, where it was ever known. */
  id?: string;
  /** The customId that the job carried. */
  customId?: string;
  /** Why. */
  reason: GaveUpReason;
  /** When the job was sent, by the inbox's clock. UNIX time in milliseconds. */
  submittedAt?: number;
  /** When it was given up, by the inbox's clock. UNIX time in milliseconds. */
  gaveUpAt?: number;
}

/** Why a job will have no result. One that this version does not know is kept as it came. */
export type GaveUpReason =
  /** The API does not know the job any more. */
  | 'job_lost'
  /** It was not done within 30 days. */
  | 'never_ended'
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

/** What a match job looks for: a class, and pictures that show this one of it. */
export interface Target {
  /** What sort of thing it is, such as `dog`. */
  class: string;
  /** 1 to 3 URLs of pictures that show it. */
  images: string[];
  /** Your own name for it, at most 64 characters. */
  customId?: string | undefined;
}

/** Pictures for which the answer to an ask job's question is known. */
export interface Examples {
  /** 1 to 3 URLs of pictures for which it is yes. */
  yes?: string[] | undefined;
  /** 1 to 3 URLs of pictures for which it is no. */
  no?: string[] | undefined;
}

/** In which order of their making rows come. */
export type SortOrder =
  /** The oldest first. */
  | 'ASC'
  /** The newest first. */
  | 'DESC'
  | (string & {});
