//! The Node border of Image Intelligence: the native module of the npm package.
