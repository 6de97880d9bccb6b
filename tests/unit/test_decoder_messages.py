"""What the server and its decoder say to each other, however it is cut."""

from __future__ import annotations

import io
import struct
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from tests.support.images import jpeg, opened
from webcam.decoder import __main__ as program
from webcam.decoder.messages import (
    LARGEST_ANSWER,
    READY,
    Answer,
    AnswerReader,
    BadAnswer,
    Outcome,
    encode_answer,
    encode_size,
)


class Answers(SynchronousTestCase):
    def test_a_byte_at_a_time(self) -> None:
        reader = AnswerReader()
        for answer in (Answer(Outcome.MADE, b"a picture"), Answer(Outcome.NONE), Answer(Outcome.MEMORY)):
            data = encode_answer(answer)
            found = [reader.feed(data[at : at + 1]) for at in range(len(data))]
            self.assertEqual(found, [None] * (len(data) - 1) + [answer])

    def test_the_largest(self) -> None:
        answer = Answer(Outcome.MADE, bytes(LARGEST_ANSWER))
        self.assertEqual(AnswerReader().feed(encode_answer(answer)), answer)

    def test_what_a_decoder_never_says(self) -> None:
        for data in (
            struct.pack("<BI", 0, 0),
            struct.pack("<BI", 4, 0),
            struct.pack("<BI", 1, LARGEST_ANSWER + 1),
            encode_answer(Answer(Outcome.NONE)) + b"x",
        ):
            self.assertRaises(BadAnswer, AnswerReader().feed, data)


class Program(SynchronousTestCase):
    """What it reads and writes; its process is in :mod:`tests.integration.test_decoder`."""

    def said(self, *pictures: bytes) -> list[Answer]:
        answers = io.BytesIO()
        program.serve(io.BytesIO(b"".join(encode_size(len(each)) + each for each in pictures)), answers)
        data = answers.getvalue()
        self.assertEqual(data[:1], READY)
        reader = AnswerReader()
        fed = [reader.feed(data[at : at + 1]) for at in range(1, len(data))]
        return [answer for answer in fed if answer is not None]

    def test_one_after_the_other(self) -> None:
        first, second, third = self.said(jpeg(640, 480), b"no picture", jpeg(48, 64))
        self.assertEqual((first.outcome, opened(first.jpeg).size), (Outcome.MADE, (320, 240)))
        self.assertEqual(second, Answer(Outcome.NONE))
        self.assertEqual(opened(third.jpeg).size, (48, 64))

    def test_its_input_ends_in_a_picture(self) -> None:
        answers = io.BytesIO()
        program.serve(io.BytesIO(encode_size(100) + b"short"), answers)
        self.assertEqual(answers.getvalue(), READY + encode_answer(Answer(Outcome.NONE)))

    def test_a_picture_that_takes_too_much_memory(self) -> None:
        """Where it stands, and while it is decoded: the next one is read from its start."""

        class Pictures(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if size == 200_000:
                    raise MemoryError
                return super().read(size)

        good = jpeg(64, 48)
        pictures = Pictures(encode_size(200_000) + bytes(200_000) + encode_size(len(good)) + good)
        answers = io.BytesIO()
        program.serve(pictures, answers)
        self.assertEqual(answers.getvalue()[1:6], encode_answer(Answer(Outcome.MEMORY)))
        self.assertEqual(opened(answers.getvalue()[11:]).size, (64, 48))
        with mock.patch.object(program, "thumbnail", side_effect=[MemoryError, b"small"]):
            self.assertEqual(self.said(b"huge", b"good"), [Answer(Outcome.MEMORY), Answer(Outcome.MADE, b"small")])
