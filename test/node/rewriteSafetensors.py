"""Reads the file named by the first argument with the safetensors package, prints its tensors as JSON, and writes them, with the same
metadata, to the file named by the second, if there is one."""

import ctypes
import json
import struct
import sys

import safetensors

with open(sys.argv[1], "rb") as file:
    content = file.read()
# Refuses a file that breaks the rules of the format.
tensors = safetensors.deserialize(content)
print(json.dumps({name: {"dtype": t["dtype"], "shape": t["shape"], "hex": t["data"].hex()} for name, t in tensors}))

if len(sys.argv) > 2:
    (length,) = struct.unpack("<Q", content[:8])
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    names = {"F32": "float32", "I32": "int32", "BOOL": "bool"}
    buffers = {name: ctypes.create_string_buffer(bytes(t["data"]), len(t["data"])) for name, t in tensors}
    specs = {
        name: safetensors.TensorSpec(
            dtype=names[t["dtype"]], shape=t["shape"], data_ptr=ctypes.addressof(buffers[name]), data_len=len(t["data"])
        )
        for name, t in tensors
    }
    with open(sys.argv[2], "wb") as file:
        file.write(safetensors.serialize(specs, metadata))
