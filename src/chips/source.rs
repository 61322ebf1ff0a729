//! Programs in Python that compute what a network computes.
