//! no content yet
