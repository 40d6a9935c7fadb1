//! The Python border of Image Intelligence: the native module of the pip package.
