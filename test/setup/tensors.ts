// The engine of { data, dims } needs no setup.
