"""Checks of key pairs with two independent implementations: `cryptography` and the OpenSSL command line."""

import re
import shutil
import subprocess

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

MESSAGE = b"a message to sign"
BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
CURVES = {"EC_P256": "secp256r1", "EC_P256K": "secp256k1"}
PEM = {
    "PUBLIC KEY": re.compile(rb"-----BEGIN PUBLIC KEY-----\n((?:[A-Za-z0-9+/=]{1,64}\n)+)-----END PUBLIC KEY-----\n"),
    "PRIVATE KEY": re.compile(rb"-----BEGIN PRIVATE KEY-----\n((?:[A-Za-z0-9+/=]{1,64}\n)+)-----END PRIVATE KEY-----\n"),
}


def check_pair(spec, key_format, public, private):
    """Both keys parse, match the spec and each other, work, and are encoded as instance-api 5.4 specifies."""
    private_key, public_key = load_private(key_format, private), load_public(key_format, public)
    check_spec(spec, private_key)
    assert public_numbers(private_key.public_key()) == public_numbers(public_key)
    sign_and_verify(private_key, public_key)
    check_encoding(key_format, public, private, public_key, private_key)


def load_private(key_format, data):
    load = serialization.load_pem_private_key if key_format == "PEM" else serialization.load_der_private_key
    return load(data, None)


def load_public(key_format, data):
    load = serialization.load_pem_public_key if key_format == "PEM" else serialization.load_der_public_key
    return load(data)


def check_spec(spec, private_key):
    if spec in BITS:
        numbers = private_key.private_numbers()
        assert isinstance(private_key, rsa.RSAPrivateKey)
        assert private_key.key_size == BITS[spec]
        assert numbers.public_numbers.e == 65537
        assert numbers.p * numbers.q == numbers.public_numbers.n
        assert numbers.p.bit_length() == numbers.q.bit_length() == BITS[spec] // 2
    else:
        assert isinstance(private_key, ec.EllipticCurvePrivateKey)
        assert private_key.curve.name == CURVES[spec]


def public_numbers(key):
    return key.public_numbers()


def sign_and_verify(private_key, public_key):
    if isinstance(private_key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        for scheme in (padding.PKCS1v15(), pss):
            public_key.verify(private_key.sign(MESSAGE, scheme, hashes.SHA256()), MESSAGE, scheme, hashes.SHA256())
    else:
        signature = private_key.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
        public_key.verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))


def check_encoding(key_format, public, private, public_key, private_key):
    """SPKI and PKCS#8 exactly as OpenSSL encodes them; PEM with LF only, 64 columns, one newline at the end."""
    encoding = serialization.Encoding.PEM if key_format == "PEM" else serialization.Encoding.DER
    spki = public_key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    pkcs8 = private_key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert public == spki
    assert private == pkcs8
    if key_format == "PEM":
        for label, data in (("PUBLIC KEY", public), ("PRIVATE KEY", private)):
            lines = PEM[label].fullmatch(data).group(1).splitlines()
            assert all(len(line) == 64 for line in lines[:-1])


def has_openssl():
    return shutil.which("openssl") is not None


def openssl(*words, stdin):
    """Runs the OpenSSL command line; returns its standard output."""
    done = subprocess.run(["openssl", *words], input=stdin, capture_output=True, timeout=60)
    assert done.returncode == 0, f"openssl {' '.join(words)}: {done.stderr.decode(errors='replace')}"
    return done.stdout


def check_with_openssl(spec, key_format, public, private):
    """The OpenSSL command line reads both keys, validates the private key, and derives the public key from it."""
    assert b"Key is valid" in openssl("pkey", "-inform", key_format, "-check", "-noout", stdin=private)
    if spec in BITS:
        assert b"RSA key ok" in openssl("rsa", "-inform", key_format, "-check", "-noout", stdin=private)
    derived = openssl("pkey", "-inform", key_format, "-pubout", "-outform", "DER", stdin=private)
    assert derived == openssl("pkey", "-pubin", "-inform", key_format, "-outform", "DER", stdin=public)
