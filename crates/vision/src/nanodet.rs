//! Vision's built-in detector: NanoDet-g, 80 classes of COCO, run by rten on the CPU.
//!
//! `input` makes the model's input of a picture, `output` reads boxes out of its answers, `nms` merges them.

mod input;
mod nms;
mod output;

use std::sync::{Arc, Mutex, PoisonError};

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value, ValueView, op_registry};

use self::input::{Letterbox, SIDE};
use self::output::{BINS, LEVELS, Level, Query};
use crate::{COCO_CLASSES, DetectError, DetectErrorKind, DetectOptions, Detection, Detector, Picture};

static EMBEDDED: &[u8] = include_bytes!("../assets/nanodet-g-416-fp16.onnx");

/// NanoDet-g: a small detector for the 80 classes of COCO ([`COCO_CLASSES`]). A picture takes some 30 to 75 ms of one
/// core, whatever its size.
///
/// A clone shares the model: load one, clone it into every worker.
#[derive(Clone)]
pub struct NanoDet {
    model: Arc<Model>,
    pools: Arc<ThreadPools>,
}

impl NanoDet {
    /// Loads the model that is part of this crate.
    ///
    /// # Errors
    ///
    /// [`DetectErrorKind::BadModel`], which would be a bug in this crate.
    pub fn embedded() -> Result<Self, DetectError> {
        Self::load(|options| options.load_static_slice(EMBEDDED))
    }

    /// Loads a model of the same shape from the bytes of an ONNX file, such as one trained further.
    ///
    /// It takes 1 x 3 x 416 x 416 and answers scores (2704, 676 and 169 cells x 80, sigmoid applied), then distances
    /// (the same cells x 44).
    ///
    /// # Errors
    ///
    /// [`DetectErrorKind::BadModel`] where the bytes are not ONNX or the model has other inputs and outputs.
    ///
    /// ```
    /// use image_intelligence_vision::{DetectErrorKind, NanoDet};
    ///
    /// let error = NanoDet::from_bytes(b"not a model".to_vec()).err().map(|error| error.kind());
    /// assert_eq!(error, Some(DetectErrorKind::BadModel));
    /// ```
    pub fn from_bytes(onnx: Vec<u8>) -> Result<Self, DetectError> {
        Self::load(|options| options.load(onnx))
    }

    fn load(read: impl FnOnce(&ModelOptions) -> Result<Model, rten::LoadError>) -> Result<Self, DetectError> {
        // Only the operators the model uses, so that the linker drops the others.
        let operators =
            op_registry!(Add, Cast, Concat, Conv, LeakyRelu, MaxPool, Reshape, Resize, Sigmoid, Split, Transpose);
        let model = read(&ModelOptions::with_ops(operators))
            .map_err(|error| bad_model(&format!("it cannot be read: {error}")))?;
        let (inputs, outputs) = (model.input_ids().len(), model.output_ids().len());
        if inputs != 1 || outputs != 2 * LEVELS.len() {
            return Err(bad_model(&format!("it has {inputs} inputs and {outputs} outputs, not 1 and 6")));
        }
        Ok(Self { model: Arc::new(model), pools: Arc::new(ThreadPools::new(1)) })
    }

    /// Lets one call use this many threads, at least 1. Default 1: a server with workers of its own gains nothing from
    /// more.
    pub fn threads(self, threads: usize) -> Self {
        Self { pools: Arc::new(ThreadPools::new(threads.max(1))), ..self }
    }

    fn run(&self, input: &[f32]) -> Result<Vec<Vec<f32>>, DetectError> {
        let input = ValueView::from_shape([1, 3, SIDE, SIDE], input).map_err(failed)?;
        let options = RunOptions::default();
        let outputs = self.pools.with(|pool| {
            let inputs = self.model.input_ids().iter().map(|&id| (id, input.clone().into())).collect();
            self.model.run(inputs, self.model.output_ids(), Some(options.with_thread_pool(Some(pool))))
        });
        outputs.map_err(failed)?.into_iter().map(floats).collect()
    }
}

impl Detector for NanoDet {
    fn classes(&self) -> &[&'static str] {
        &COCO_CLASSES
    }

    fn detect(&self, picture: &Picture, options: &DetectOptions) -> Result<Vec<Detection>, DetectError> {
        let query = Query::new(options, picture)?;
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let Letterbox { pixels, x_scale, y_scale } = Letterbox::new(picture);
        let outputs = self.run(&pixels)?;

        let mut candidates = Vec::new();
        let (scores, distances) = outputs.split_at(LEVELS.len());
        for ((&stride, scores), distances) in LEVELS.iter().zip(scores).zip(distances) {
            let cells = (SIDE / stride).pow(2);
            if scores.len() != cells * COCO_CLASSES.len() || distances.len() != cells * 4 * BINS {
                return Err(bad_model(&format!("its output for stride {stride} is not {cells} cells x 80 and x 44")));
            }
            query.gather(&Level { stride, scores, distances }, [x_scale, y_scale], &mut candidates);
        }
        Ok(nms::keep_best(candidates, options.overlap)
            .into_iter()
            .map(|candidate| Detection {
                class: COCO_CLASSES[candidate.class],
                confidence: candidate.score,
                bounding_box: candidate.area,
            })
            .collect())
    }
}

impl std::fmt::Debug for NanoDet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NanoDet").field("threads", &self.pools.threads).finish_non_exhaustive()
    }
}

/// Thread pools for rten, one for each call under way.
///
/// Calls that shared one pool would wait for each other; making a pool for each call would start threads each time.
struct ThreadPools {
    threads: usize,
    idle: Mutex<Vec<Arc<ThreadPool>>>,
}

impl ThreadPools {
    fn new(threads: usize) -> Self {
        Self { threads, idle: Mutex::new(Vec::new()) }
    }

    fn with<T>(&self, work: impl FnOnce(Arc<ThreadPool>) -> T) -> T {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let pool = idle.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(self.threads)));
        let done = work(Arc::clone(&pool));
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
        done
    }
}

fn floats(value: Value) -> Result<Vec<f32>, DetectError> {
    match value {
        Value::FloatTensor(tensor) => Ok(tensor.into_data()),
        _ => Err(bad_model("it answers something else than floating-point numbers")),
    }
}

fn bad_model(why: &str) -> DetectError {
    DetectError::new(DetectErrorKind::BadModel, format!("not a NanoDet-g model of 416 x 416 and 80 classes: {why}"))
}

fn failed(error: impl std::fmt::Display) -> DetectError {
    DetectError::new(DetectErrorKind::Failed, format!("running the model failed: {error}"))
}
