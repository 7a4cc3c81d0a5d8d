#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every function of the NVML stand-in with arguments of all kinds: none may crash, or write past what it was given.

usage: test_arguments.py FACET-SIM NVML-SOURCES [SEED [ROUNDS]]          speaks TAP

The signatures are read from the sources (NVML_… macros). A pointer argument is NULL or memory that ends at a page that
cannot be touched: a scalar's has just its size. Handles are right, of another kind, stale or nonsense.
"""
import ctypes
import glob
import mmap
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

PAGE = mmap.PAGESIZE
SIZES = {"unsigned": 4, "int": 4, "nvmlReturn_t": 4, "unsigned long long": 8, "nvmlDevice_t": 8, "nvmlGpuInstance_t": 8,
         "nvmlComputeInstance_t": 8, "nvmlEventSet_t": 8, "nvmlGpmSample_t": 8}
HANDLES = ("nvmlDevice_t", "nvmlGpuInstance_t", "nvmlComputeInstance_t", "nvmlEventSet_t", "nvmlGpmSample_t")
# Parameters that point to many: they get much room.
ARRAYS = {"out", "devices", "infos", "samples", "set", "mhz", "values"}
SCALARS = [0, 0, 0, 1, 1, 2, 3, 4, 7, 9, 14, 15, 19, 255, 0x7fffffff, 0xffffffff]
# What a caller says about the size of its memory has to be true.
TRUE_SIZES = {"length": 96, "size": 16, "count": 64}


def signatures(folder: str) -> dict:
    """name -> list of (type, is a pointer, parameter name)."""
    found = {}
    for path in sorted(glob.glob(f"{folder}/*.c")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in re.finditer(r"^NVML_(\w+)\((nvml\w+),\s*(?:[\w ]+\*?,\s*)?\(([^()]*)\)", text, re.M):
            parameters = []
            for one in match[3].replace("\n", " ").split(","):
                if one.strip() in ("", "void"):
                    continue
                kind, pointer, name = re.match(r"\s*(?:const )?([\w ]+?)\s*(\**)\s*(\w+)$", one).groups()
                parameters.append((kind.strip(), bool(pointer), name))
            found[match[2]] = parameters
    return found


class Memory:
    """Memory whose last byte is followed by a page that must not be touched."""

    def __init__(self, pages: int) -> None:
        self.map = mmap.mmap(-1, (pages + 1) * PAGE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        self.length = pages * PAGE
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.mprotect(ctypes.c_void_p(self.start + self.length), ctypes.c_size_t(PAGE), 0) == 0

    def end(self, size: int, rng: random.Random) -> int:
        """The address of the last `size` bytes, filled in some way."""
        fill = rng.choice(["zero", "ones", "noise", "version"])
        data = {"zero": b"\0", "ones": b"\xff", "version": b"\0"}.get(fill, b"") * size
        self.map[self.length - size:self.length] = data or rng.randbytes(size)
        if fill == "version" and size > 8:
            word = rng.choice([8, 16, 24, 40, 48, 56, 72, 104, 168, 176]) | rng.randint(0, 3) << 24
            self.map[self.length - size:self.length - size + 4] = word.to_bytes(4, "little")
        return self.start + self.length - size


class Handles:
    """Live handles of each kind, on a MIG card and another; made anew when a call has ended them."""

    def __init__(self, nvml: ctypes.CDLL) -> None:
        self.nvml = nvml
        self.objects = {"nvmlEventSet_t": "nvmlEventSetCreate", "nvmlGpmSample_t": "nvmlGpmSampleAlloc"}
        self.kept = {kind: [self.made(function)] for kind, function in self.objects.items()}

    def made(self, function: str, *args: object) -> int:
        out = ctypes.c_uint64()
        result = getattr(self.nvml, function)(*args, ctypes.byref(out))
        assert result == 0, f"{function}: {result}"
        return out.value

    def first(self, lister: str, of: int, profile: int) -> int:
        out, count = (ctypes.c_uint64 * 16)(), ctypes.c_uint(16)
        getattr(self.nvml, lister)(ctypes.c_uint64(of), profile, out, ctypes.byref(count))
        return out[0]

    def live(self) -> dict:
        current, pending = ctypes.c_uint(), ctypes.c_uint()
        gpu = self.made("nvmlDeviceGetHandleByIndex_v2", 0)
        assert self.nvml.nvmlDeviceGetMigMode(ctypes.c_uint64(gpu), ctypes.byref(current), ctypes.byref(pending)) == 0
        if not current.value:
            assert self.nvml.nvmlDeviceSetMigMode(ctypes.c_uint64(gpu), 1, ctypes.byref(pending)) == 0
            gpu = self.made("nvmlDeviceGetHandleByIndex_v2", 0)
        gi = self.first("nvmlDeviceGetGpuInstances", gpu, 9)
        if not gi:
            for profile in (0, 5, 14, 15, 19, 20):
                while other := self.first("nvmlDeviceGetGpuInstances", gpu, profile):
                    assert self.nvml.nvmlGpuInstanceDestroy(ctypes.c_uint64(other)) == 0
            gi = self.made("nvmlDeviceCreateGpuInstance", ctypes.c_uint64(gpu), 9)
        cis = [ci for ci in (self.first("nvmlGpuInstanceGetComputeInstances", gi, p) for p in (0, 1, 2)) if ci]
        ci = cis[0] if cis else self.made("nvmlGpuInstanceCreateComputeInstance", ctypes.c_uint64(gi), 0)
        return {"nvmlDevice_t": [gpu, self.made("nvmlDeviceGetHandleByIndex_v2", 1),
                                 self.made("nvmlDeviceGetMigDeviceHandleByIndex", ctypes.c_uint64(gpu), 0)],
                "nvmlGpuInstance_t": [gi], "nvmlComputeInstance_t": [ci], **self.kept}

    def ended(self, function: str) -> None:
        for kind, maker in self.objects.items():
            if function in ("nvmlEventSetFree", "nvmlGpmSampleFree"):
                self.kept[kind] = [self.made(maker)]


def sweep(library: str, sources: str, seed: int, rounds: int) -> None:
    """In a process of its own: names each call before it is made, so that the last line tells who crashed."""
    rng = random.Random(seed)
    nvml = ctypes.CDLL(library)
    assert nvml.nvmlInit_v2() == 0
    known, memories = signatures(sources), [Memory(18) for _ in range(6)]
    with open(f"{sources}/names.txt", encoding="utf-8") as file:
        names = [line.split()[0] for line in file if line.startswith("nvml")]
    # These would end the rest: without the library, the handles or the waiting there is nothing to call.
    names = [n for n in names if n not in ("nvmlShutdown", "nvmlErrorString") and not n.startswith("nvmlEventSetWait")]
    handles, answers = Handles(nvml), set()
    nonsense = [0, 1, 0xffffffffffffffff, 0x6e76 << 48, 0x6e76fffffffffff0, memories[0].start]
    for turn in range(rounds):
        for name in names:
            arguments, live = [], handles.live()
            everything = [h for some in live.values() for h in some]
            for at, (kind, pointer, parameter) in enumerate(known.get(name, [("nvmlDevice_t", False, "")])):
                if kind in HANDLES and not pointer:
                    # In the first round all pointers are NULL behind a handle that is right.
                    right = turn == 0 or rng.random() < 0.7
                    stale = rng.choice(everything) + rng.choice([0, 1, 1 << 32, 1 << 36, 1 << 40])
                    arguments.append(ctypes.c_uint64(rng.choice(live[kind]) if right else
                                                     rng.choice([stale, rng.choice(everything), *nonsense])))
                elif pointer and (turn == 0 or rng.random() < 0.1):
                    arguments.append(ctypes.c_void_p(None))
                elif pointer and kind in ("char", "void") and parameter in ("serial", "uuid", "id") and at == 0:
                    text = rng.choice([b"", b"x" * 300, b"GPU-", b"MIG-GPU-/1/2", b"0:0:0.0", b"%n%s", rng.randbytes(20)])
                    arguments.append(ctypes.c_char_p(text))
                elif pointer:
                    size = TRUE_SIZES["length"] if kind == "char" else \
                        SIZES.get(kind, 0) if parameter not in ARRAYS else 0
                    arguments.append(ctypes.c_void_p(memories[at].end(size or 16 * PAGE, rng)))
                elif parameter in TRUE_SIZES:
                    arguments.append(ctypes.c_uint(rng.randint(0, TRUE_SIZES[parameter])))
                else:
                    arguments.append(ctypes.c_uint(rng.choice(SCALARS)))
            print(name, [hex(a.value or 0) if isinstance(a.value, (int, type(None))) else a.value for a in arguments],
                  flush=True)
            result = getattr(nvml, name)(*arguments)
            handles.ended(name)
            answers.add((name, result))
            nulls = [p for p, a in zip(known.get(name, []), arguments) if p[1] and a.value is None]
            if result not in range(31) and result != 999:
                raise AssertionError(f"{name} answers {result}")
            # Optional are only arrays, whose number is asked for.
            if turn == 0 and result == 0 and [p for p in nulls if p[2] not in ARRAYS]:
                raise AssertionError(f"{name} takes NULL for {nulls}")
    # A sweep that only meets refusals would show nothing.
    print("succeeded:", *sorted({name for name, result in answers if result == 0}), flush=True)


def main() -> int:
    if sys.argv[1] == "--sweep":
        sweep(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        return 0
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 31)
    rounds = sys.argv[4] if len(sys.argv) > 4 else "20"
    failed = 0
    print(f"1..2\n# seed {seed}")
    for number, host in enumerate(("small", "hgx"), 1):
        folder = tempfile.mkdtemp(prefix="fsim-arguments-")
        subprocess.run([os.path.abspath(sys.argv[1]), "--sim-dir", folder, "create", host, folder], check=True,
                       capture_output=True)
        library = os.environ.get("FACET_SIM_LIBRARY", f"{folder}/lib/libnvidia-ml.so.1")
        done = subprocess.run([sys.executable, __file__, "--sweep", library, sys.argv[2], str(seed), rounds],
                              capture_output=True, text=True, timeout=240, check=False,
                              env={**os.environ, "FACET_SIM_DIR": folder})
        last = done.stdout.strip().rsplit("\n", 1)[-1]
        if done.returncode == 0 and len(last.split()) > 100:
            print(f"ok {number} - arguments of all kinds on {host}")
        else:
            failed += 1
            why = done.stderr[-3000:].replace("\n", "\n# ")
            print(f"not ok {number} - arguments of all kinds on {host}\n# last: {last}\n# exit {done.returncode} {why}")
        shutil.rmtree(folder)
    return 1 if failed else 0


sys.exit(main())
