"""Open documents that LibreOffice, OpenOffice and their relatives have locked with a password.

As "OpenDocument 1.3, part 2: packages" has it: the manifest says of each part how it is encrypted.
LibreOffice 24.8 and later encrypt the whole package as one part instead.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from indexing.errors import FileUnreadable, PasswordNeeded, TooLarge
from indexing.readers.package import DAMAGE, MAX_UNPACKED, open_package, read_part
from indexing.readers.xml import parse_xml

_MANIFEST = "META-INF/manifest.xml"
_NAMES = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
_WHOLE = "encrypted-package"
# LibreOffice asks for 100,000 rounds of PBKDF2, or for 3 of Argon2id over 64 MiB in 4 lanes.
_MOST_ROUNDS = 10_000_000
_MOST_PASSES = 50
_MOST_KIB = 256 * 1024
_MOST_LANES = 64
# The checksum of a part is that of its first bytes only.
_CHECKED = 1024


def unlock(path: Path, package: zipfile.ZipFile, password: str | None) -> zipfile.ZipFile:
    """The package itself, or one that holds what is encrypted in it.

    Raises:
        PasswordNeeded: It is encrypted, and the password does not open it.
        TooLarge: It unpacks to more than a package may.
        FileUnreadable: It is encrypted in a way that is not known here, or damaged.
    """
    try:
        manifest = package.read(_MANIFEST)
    except DAMAGE:
        return package
    if b"encryption-data" not in manifest:
        return package
    if password is None:
        raise PasswordNeeded(str(path))
    locked = {
        str(entry.get(_NAMES + "full-path")): entry.find(_NAMES + "encryption-data")
        for entry in parse_xml(path, manifest).iter(_NAMES + "file-entry")
        if entry.find(_NAMES + "encryption-data") is not None
    }
    start = password.encode()
    if _WHOLE in locked:
        data = read_part(path, package, _WHOLE)
        return open_package(path, _decrypted(path, data, locked[_WHOLE], start, MAX_UNPACKED))
    left = MAX_UNPACKED
    opened = io.BytesIO()
    with zipfile.ZipFile(opened, "w") as copy:
        for part in package.infolist():
            # Each costs a key of its own, and all text is in these.
            if not part.filename.endswith(".xml"):
                continue
            data = read_part(path, package, part.filename)
            if part.filename in locked:
                data = _decrypted(path, data, locked[part.filename], start, left)
            left -= len(data)
            copy.writestr(part.filename, data)
    return open_package(path, opened.getvalue())


def _decrypted(path: Path, data: bytes, how: Any, password: bytes, most: int) -> bytes:
    """A part's content.

    Args:
        how: The manifest's element on it.
        most: How many bytes it may unpack to.
    """
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(_plain(data, how, password), most)
    except (_PasswordWrong, zlib.error):
        raise PasswordNeeded(str(path), wrong=True) from None
    except (ValueError, TypeError) as error:
        raise FileUnreadable(str(path), f"encryption: {error}"[:300]) from error
    if unpacker.unconsumed_tail:
        raise TooLarge(str(path), "unpacked bytes", most + 1, MAX_UNPACKED)
    return content


class _PasswordWrong(Exception):
    """What was decrypted is not what was encrypted."""


def _plain(data: bytes, how: Any, password: bytes) -> bytes:
    """What is encrypted, still compressed; raises ValueError where it is not known how."""
    # Here, as few documents are locked.
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    algorithm = how.find(_NAMES + "algorithm")
    name = _attribute(algorithm, "algorithm-name").lower()
    vector = _bytes(algorithm, "initialisation-vector")
    key = _key(how, password)
    if name.endswith("aes256-gcm"):
        # The vector is in front of what it is for, too.
        try:
            return AESGCM(key).decrypt(vector, data.removeprefix(vector), None)
        except InvalidTag:
            raise _PasswordWrong from None
    if name.endswith("aes256-cbc"):
        plain = _finished(Cipher(AES(key), CBC(vector)).decryptor(), data)
        # The last byte says how many have been added to fill the last block.
        plain = plain[: -plain[-1]] if plain else b""
    elif "blowfish" in name:
        plain = _finished(Cipher(Blowfish(key), CFB(vector)).decryptor(), data)
    else:
        raise ValueError(name)
    checksum = _bytes(how, "checksum")
    is_sha256 = "sha256" in _attribute(how, "checksum-type").lower()
    digest = hashlib.sha256 if is_sha256 else hashlib.sha1
    if checksum and digest(plain[:_CHECKED]).digest() != checksum:
        raise _PasswordWrong
    return plain


def _finished(decryptor: Any, data: bytes) -> bytes:
    return decryptor.update(data) + decryptor.finalize()


def _key(how: Any, password: bytes) -> bytes:
    """The key that a password makes, as the manifest says how."""
    start = how.find(_NAMES + "start-key-generation")
    is_sha256 = _attribute(start, "start-key-generation-name").lower().endswith("sha256")
    secret = (hashlib.sha256 if is_sha256 else hashlib.sha1)(password).digest()
    derivation = how.find(_NAMES + "key-derivation")
    salt = _bytes(derivation, "salt")
    length = _number(derivation, _NAMES + "key-size", 16, 64)
    if _attribute(derivation, "key-derivation-name").lower().endswith("argon2id"):
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        derive = Argon2id(
            salt=salt,
            length=length,
            iterations=_number(derivation, _LOEXT + "argon2-iterations", 3, _MOST_PASSES),
            lanes=_number(derivation, _LOEXT + "argon2-lanes", 4, _MOST_LANES),
            memory_cost=_number(derivation, _LOEXT + "argon2-memory", 64 * 1024, _MOST_KIB),
        )
        return derive.derive(secret)
    rounds = _number(derivation, _NAMES + "iteration-count", 1024, _MOST_ROUNDS)
    return hashlib.pbkdf2_hmac("sha1", secret, salt, rounds, length)


def _attribute(element: Any, name: str) -> str:
    return "" if element is None else str(element.get(_NAMES + name) or "")


def _bytes(element: Any, name: str) -> bytes:
    return base64.b64decode(_attribute(element, name))


def _number(element: Any, name: str, usual: int, most: int) -> int:
    """An attribute that is a number; raises ValueError where it asks for more than there may be."""
    number = usual if element is None else int(element.get(name) or usual)
    if not 0 < number <= most:
        raise ValueError(f"{name}: {number}")
    return number
