// The arrays engine needs no setup.
