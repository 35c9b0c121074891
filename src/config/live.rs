//! A setting that can be replaced while it is in use.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// A shared, replaceable value. Cheap to clone and to read.
#[derive(Debug, Clone)]
pub struct Live<T>(Arc<ArcSwap<T>>);

impl<T> Live<T> {
    /// The current value. Read it once for fields that belong together.
    pub fn get(&self) -> Arc<T> {
        self.0.load_full()
    }

    pub fn set(&self, value: T) {
        self.0.store(Arc::new(value));
    }
}

impl<T> From<T> for Live<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(value)))
    }
}

impl<T: Default> Default for Live<T> {
    fn default() -> Self {
        T::default().into()
    }
}
