"""Counts hidden bytes the slow way: prints the bytes of all files in layers (tars, bottom first), and of the hidden ones.

Every file is a content with a number. Names point to contents. A content without a name in the end is hidden.
"""

import posixpath
import sys
import tarfile

names, sizes = {}, []


def remove(path, keeps_itself=False, but=()):
    for name in [n for n in names if (n == path and not keeps_itself) or n.startswith(path + "/")]:
        if name not in but:
            del names[name]


for layer in sys.argv[1:]:
    with tarfile.open(layer) as tar:
        members = [(posixpath.normpath(member.name).lstrip("/"), member) for member in tar]
    for path, _ in members:
        folder, name = posixpath.split(path)
        if name == ".wh..wh..opq":
            remove(folder, keeps_itself=True)
        elif name.startswith(".wh."):
            remove(posixpath.join(folder, name[4:]))
    for path, member in members:
        if posixpath.basename(path).startswith(".wh."):
            continue
        if not member.isdir():
            remove(path)
        if member.isreg():
            names[path] = len(sizes)
            sizes.append(member.size)
        elif member.islnk():
            names[path] = names[posixpath.normpath(member.linkname).lstrip("/")]
        elif path not in names or not member.isdir():
            # Anything else has no content, and still is a name that others may be below of.
            names[path] = None

shown = {number for number in names.values() if number is not None}
print(sum(sizes), sum(size for number, size in enumerate(sizes) if number not in shown))
