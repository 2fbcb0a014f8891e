// The arrays engine needs nothing.
