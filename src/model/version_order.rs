//! The order of tags as people mean it: numbers by value, pre-releases before their release, words apart.
