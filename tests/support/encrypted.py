# SPDX-License-Identifier: Apache-2.0
"""Encrypted qcow2 files, made by qemu-img."""
import os
import subprocess
import tempfile

TRIES = 50


def make(path, kind, size="16M"):
    """@kind: luks or aes. A file that is there is replaced."""
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write("geheim")
        secret.flush()
        fast = ["-o", "encrypt.iter-time=10"] if kind == "luks" else []
        for _ in range(TRIES):
            if os.path.exists(path):
                os.unlink(path)
            made = subprocess.run(["qemu-img", "create", "-q", "--object", f"secret,id=s,file={secret.name}", "-f", "qcow2", "-o",
                                   f"encrypt.format={kind},encrypt.key-secret=s", *fast, path, size],
                                  check=False, stderr=subprocess.PIPE, text=True)
            # It measures the processor to choose how often it hashes; on a busy machine it may not get a measure.
            if made.returncode == 0 or "accurate CPU usage" not in made.stderr:
                break
        assert made.returncode == 0, made.stderr
