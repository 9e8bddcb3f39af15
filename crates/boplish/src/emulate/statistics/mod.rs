//! What runs are judged and compared by, the same for every backend: samples go in, figures come
//! out.

pub(crate) mod figures;
pub(crate) mod groups;
pub(crate) mod numbers;
pub(crate) mod samples;

mod storage;
