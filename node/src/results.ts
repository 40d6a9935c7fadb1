// Easy ways through the results of a job. What a job is, is core's to say; these only walk over it.

import type { JobKind } from './callback-keys.js';
import type { JobOf } from './jobs.js';
import type {
  AskJob,
  BoundingBox,
  DetectImageResult,
  DetectJob,
  DetectJobImage,
  Face,
  ImageResult,
  JobImage,
  MatchJob,
  RecognizedImage,
  RecognizeJob,
} from './models.js';

/** Which picture a result speaks of. */
export type ImageView = DetectImageResult | DetectJobImage | ImageResult | JobImage | RecognizedImage;

/** An object of a class in a picture. */
export interface Hit {
  /** The picture. */
  image: ImageView;
  /** How sure the service is, 0 to 1; 0 where it does not say. */
  confidence: number;
  /** Whether the service is certain. */
  verdict?: boolean;
  /** Where in the picture it is. */
  boundingBox?: BoundingBox;
}

/** Every picture in which the class was found, the surest first. */
export function found(job: DetectJob, className: string): Hit[] {
  const hits: Hit[] = [];
  for (const image of job.imageResults) {
    for (const object of image.objects) {
      if (object.class !== className) continue;
      const hit: Hit = { image, confidence: object.confidence };
      if (object.verdict !== undefined) hit.verdict = object.verdict;
      if (object.boundingBox !== undefined) hit.boundingBox = object.boundingBox;
      hits.push(hit);
    }
  }
  // A server may leave out the objects of each picture and name only the one it chose.
  for (const { class: name, image } of job.jobResults) {
    if (name !== className || !image || hits.some((hit) => mayBe(hit.image, image))) continue;
    hits.push({ image, confidence: image.confidence ?? 0 });
  }
  return hits.sort((a, b) => b.confidence - a.confidence);
}

/** Every class that was found in some picture, in alphabetical order. */
export function classes(job: DetectJob): string[] {
  const names = new Set<string>();
  for (const image of job.imageResults) for (const object of image.objects) names.add(object.class);
  for (const result of job.jobResults) if (result.image) names.add(result.class);
  names.delete('');
  return [...names].sort(byCodePoint);
}

/** The picture that shows the target; undefined where none does. */
export function matched(job: MatchJob): JobImage | undefined {
  return job.jobResults.image;
}

/** A picture for which the answer is yes; undefined where it is no for all of them. */
export function yes(job: AskJob): JobImage | undefined {
  return job.jobResults.image;
}

/** A face in a picture. */
export interface FaceHit {
  /** The picture. */
  image: RecognizedImage;
  /** The face: whose it is, and where. */
  face: Face;
}

/** Every face that was found, with its picture. */
export function faces(job: RecognizeJob): FaceHit[] {
  return job.images.flatMap((image) => image.objects.map((face) => ({ image, face })));
}

/** The pictures that could not be looked at. */
export function errors(job: DetectJob): DetectImageResult[];
export function errors(job: MatchJob | AskJob): ImageResult[];
export function errors(job: RecognizeJob): RecognizedImage[];
export function errors(job: JobOf[JobKind]): (DetectImageResult | ImageResult | RecognizedImage)[];
export function errors(job: JobOf[JobKind]): (DetectImageResult | ImageResult | RecognizedImage)[] {
  const images = 'imageResults' in job ? job.imageResults : job.images;
  return images.filter(({ status }) => status !== undefined && FAILED.has(status));
}

/** Whether nothing more will come. A job that ended with errors is done too; a status nobody had heard of is not. */
export function isDone(job: JobOf[JobKind]): boolean {
  return DONE.has(job.status);
}

/**
 * The name that says most to a person: your customId, else the URL or file that was passed in, else the service's id. One that
 * is empty says nothing, and is passed over.
 */
export function customIdOrUrl(image: ImageView): string {
  return image.customId || image.url || image.input?.source || image.id || '';
}

const DONE = new Set<string>(['COMPLETED_SUCCESSFULLY', 'COMPLETED_PARTIAL_ERROR', 'COMPLETED_ALL_ERROR']);

const FAILED = new Set<string>([
  'UNKNOWN_ERROR',
  'JOB_ERROR',
  'IMAGE_DOWNLOAD_ERROR',
  'INVALID_IMAGE_FORMAT_ERROR',
  'SPIDERWEBS_ERROR',
  'DETECTION_ENGINE_ERROR',
  'MODEL_SERVICE_ERROR',
  'MALFORMED_MESSAGE_ERROR',
]);

/** Whether both may be one picture: the first name that both have decides. */
function mayBe(one: ImageView, other: ImageView): boolean {
  const names = [
    [one.id, other.id],
    [one.input?.index, other.input?.index],
    [one.customId, other.customId],
    [one.url, other.url],
    [one.proxyUrl, other.proxyUrl],
  ];
  const shared = names.find(([a, b]) => a !== undefined && b !== undefined);
  return !shared || shared[0] === shared[1];
}

/** As every other language sorts; JavaScript's own order is that of UTF-16. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference) return difference;
  }
  return left.length - right.length;
}
