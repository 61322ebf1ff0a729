//! From strokes to the 28 × 28 picture that the network sees.
