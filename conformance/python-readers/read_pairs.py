"""Prints which data key pairs Python's `cryptography` reads: `read_pairs.py FOLDER`. Same format as bench/src/bin/read_pairs."""

import sys
from pathlib import Path

import cryptography
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

MESSAGE = b"a message to sign"
PRIVATE = {"der": serialization.load_der_private_key, "pem": serialization.load_pem_private_key}
PUBLIC = {"der": serialization.load_der_public_key, "pem": serialization.load_pem_public_key}


class NotRead(Exception):
    """Why a key was not read."""


def read(load, path, *password):
    try:
        return load(path.read_bytes(), *password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotRead(f"{type(error).__name__}: {error}") from error


def options(key):
    """The arguments of signing and verifying in addition to the message."""
    if isinstance(key, (rsa.RSAPrivateKey, rsa.RSAPublicKey)):
        return (padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)):
        return (ec.ECDSA(hashes.SHA256()),)
    return ()


def verifies(public, signature, message):
    try:
        public.verify(signature, message, *options(public))
        return True
    except InvalidSignature:
        return False


def work_together(private, public):
    if hasattr(private, "decapsulate"):
        secret, ciphertext = public.encapsulate()
        if private.decapsulate(ciphertext) != secret:
            raise NotRead("the shared secrets differ")
        return
    signature = private.sign(MESSAGE, *options(private))
    if not verifies(public, signature, MESSAGE) or verifies(public, signature, b"another message"):
        raise NotRead("the two keys do not form a pair")


def use(folder, spec, form):
    """Reads both keys in this encoding, and uses them together."""
    private = read(PRIVATE[form], folder / f"{spec}-{form}.key", None)
    public = read(PUBLIC[form], folder / f"{spec}-{form}.pub")
    work_together(private, public)


def main(folder):
    for spec in sorted({path.name.rsplit("-", 1)[0] for path in folder.glob("*.key")}):
        for form in ("der", "pem"):
            outcome, reason = "yes", ""
            try:
                use(folder, spec, form)
            except NotRead as error:
                outcome, reason = "no", " ".join(str(error).split())
            for half in ("private", "public"):
                print("cryptography", cryptography.__version__, spec, f"{half}-{form}", outcome, reason, sep="\t")


main(Path(sys.argv[1]))
