"""One file an original implementation: how its own functions are driven. No loss formula is written here.

Every adapter is called as `adapter(options, fields)` with the names of the golden files, and returns
`{"losses": [B], "grads": {field: [B]}, ...}` with the gradients of the sum of the losses.
"""
