"""One file per original implementation, which calls the original's own functions. These files contain no loss formulas.

Every adapter of a loss is called as `adapter(options, fields)` with the names of the golden files, and returns
`{"losses": [B], "grads": {field: [B]}, ...}` with the gradients of the sum of the losses.
"""
