"""One file a golden JSON. Each has `build() -> GoldenFile`; a new file here is found by itself."""
