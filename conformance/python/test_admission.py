"""One data key pair request at a time per instance, across the four operations; a second one gets 429 (instance-api 5.4)."""

import itertools
import threading
import time

import pytest

from instance_api import OPERATIONS, InstanceApi, Refusal
from pair_checks import check_pair

THREADS = 4
SEARCH_S_MAX = 90


class Burst:
    """Threads that request RSA_4096 pairs without pause until each kind of answer has occurred, or until a timeout."""

    def __init__(self, server):
        self.server = server
        self.pairs, self.refusals, self.surprises = [], [], []
        self.stop = threading.Event()

    def run(self):
        threads = [threading.Thread(target=self._ask, args=(operation,)) for operation in OPERATIONS[:THREADS]]
        for thread in threads:
            thread.start()
        self.stop.wait(SEARCH_S_MAX)
        self.stop.set()
        for thread in threads:
            thread.join()
        return self

    def _ask(self, operation):
        try:
            client = InstanceApi(self.server)
            while not self.stop.is_set():
                self._ask_once(client, operation)
        except Exception as surprise:  # Passed to the test, which reports it.
            self.surprises.append(surprise)
            self.stop.set()

    def _ask_once(self, client, operation):
        try:
            self.pairs.append((operation, client.generate(operation, "alias/dev", "RSA_4096")))
        except Refusal as refusal:
            self.refusals.append(refusal)
        if self.pairs and self.refusals:
            self.stop.set()


def test_a_second_concurrent_request_is_refused_at_once(server, instance_api):
    burst = Burst(server).run()
    assert not burst.surprises
    assert burst.refusals, f"no 429 among {len(burst.pairs)} pairs from {THREADS} threads"
    assert burst.pairs, "the request that was in flight must get its pair"
    for refusal in burst.refusals:
        assert (*refusal.status_and_code, refusal.message) == (429, "Rejected.Throttling", "Concurrency Limit Exceeded.")
        assert refusal.request_id
    for operation, pair in burst.pairs[:1]:
        check_answer(instance_api, operation, pair)


def check_answer(instance_api, operation, pair):
    decrypt = "AdvanceDecrypt" if operation.startswith("Advance") else "Decrypt"
    fields = {"key_id": "alias/dev", "iv": pair.iv}
    opened = instance_api.call(decrypt, ciphertext_blob=pair.private_key_ciphertext_blob, **fields)
    check_pair("RSA_4096", "DER", pair.public_key, opened.plaintext)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_permit_is_released(instance_api, operation):
    """After success and after refusal: sequential requests are never throttled."""
    for spec in ("EC_P256", "none", "EC_P256K", "none", "EC_P256"):
        try:
            instance_api.generate(operation, "alias/dev", spec)
        except Refusal as refusal:
            assert (spec, refusal.status_and_code) == ("none", (400, "InvalidParameter"))


def test_decrypt_is_not_limited(server, instance_api):
    """The limit applies to generating pairs, not to decrypting them."""
    blob = instance_api.generate("AdvanceGenerateDataKeyPair", "alias/dev", "EC_P256").private_key_ciphertext_blob
    stop = threading.Event()
    surprises = []

    def keep_busy():
        client = InstanceApi(server)
        while not stop.is_set():
            try:
                client.generate("GenerateDataKeyPair", "alias/dev", "RSA_4096")
            except Refusal as refusal:
                surprises.append(refusal)

    worker = threading.Thread(target=keep_busy)
    worker.start()
    deadline = time.monotonic() + 2
    try:
        for _ in itertools.takewhile(lambda _: time.monotonic() < deadline, itertools.count()):
            assert instance_api.call("AdvanceDecrypt", ciphertext_blob=blob).plaintext
    finally:
        stop.set()
        worker.join()
    assert not surprises
