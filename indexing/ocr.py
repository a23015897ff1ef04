"""Read the text of a picture: rapidocr, whose models lie in its own package.

It finds the lines of text (detection), then reads one after the other (recognition). Nothing is
downloaded: the models' paths are given, so that the code which would fetch them is not entered.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Corners = NDArray[np.float32]

# The longer side in pixels of the picture in which lines are looked for. At 1,600 an A4 page has
# 137 dots to the inch: lines of 6 points are found, in half the time and memory of 2,000.
_DETECTION_SIDE = 1600
# What is read with less confidence is noise more often than text.
_LEAST_CONFIDENCE = 0.6
# A box this much taller than wide holds a line that runs up or down.
_TALL = 1.5
# Lines that are asked whether the page stands on its head.
_SAMPLE = 12


class OcrLine(NamedTuple):
    """A line of text in a picture.

    Attributes:
        corners: Top left, top right, bottom right, bottom left of the text as it is read, in
            pixels of the upright picture, four rows of x and y.
        confidence: How sure the recognition is, 0 to 1.
    """

    text: str
    corners: Corners
    confidence: float


class OcrPage(NamedTuple):
    """What was read of a picture.

    Attributes:
        lines: In no particular order.
        turns: Quarter turns, counter-clockwise, after which the picture stands upright.
        width, height: Size in pixels of the upright picture.
    """

    lines: list[OcrLine]
    turns: int
    width: int
    height: int


_allowed = True


def allow(allowed: bool) -> None:
    """Say for this process whether pictures are read; they are until this is called."""
    global _allowed  # noqa: PLW0603 -- one switch for a process that reads one file at a time
    _allowed = allowed


def is_allowed() -> bool:
    """Whether pictures are read."""
    return _allowed


def recognise(picture: Picture) -> Generator[None, None, OcrPage]:
    """Read a picture of a page, whichever way up it is; yields after each line.

    Args:
        picture: Rows, columns, and the three channels blue, green and red.
    """
    engine = _engine()
    boxes = _detect(engine, picture)
    yield
    turns = 0
    if len(boxes) and _tall(boxes).mean() > 0.5:
        picture, boxes = _turned(picture, boxes)
        turns = 1
    if len(boxes) and _on_its_head(engine, picture, boxes):
        picture, boxes = _turned(*_turned(picture, boxes))
        turns += 2
    lines: list[OcrLine] = []
    for box in boxes:
        crops = engine.crop_text_regions(picture, [box])
        if _tall(box[None])[0]:
            crops, _ = engine.cls_and_rotate(crops)
        read = engine.recognize_txt(crops)
        text, confidence = read.txts[0].strip(), float(read.scores[0])
        if text and confidence >= _LEAST_CONFIDENCE:
            lines.append(OcrLine(text, box, confidence))
        yield
    height, width = picture.shape[:2]
    return OcrPage(lines, turns, width, height)


@cache
def _engine() -> Any:
    """The models, loaded (about half a second)."""
    from rapidocr import RapidOCR

    models = resources.files("rapidocr") / "models"
    # One half of the cores, so that the person's question has the rest; a single thread also
    # keeps the runtime from spinning while it waits for the next line.
    threads = max(1, min(4, (os.cpu_count() or 1) // 2))
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": _DETECTION_SIDE,
            # Its own rule makes the shorter side 736: a banner would grow beyond all memory.
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTION_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        }
    )


def _detect(engine: Any, picture: Picture) -> Corners:
    """The corners of each line of text, in pixels: lines by 4 by 2."""
    found = engine(picture, use_det=True, use_cls=False, use_rec=False)
    boxes: Corners | None = found.boxes
    return np.zeros((0, 4, 2), np.float32) if boxes is None else boxes.astype(np.float32)


def _tall(boxes: Corners) -> NDArray[np.bool_]:
    width = np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1)
    height = np.linalg.norm(boxes[:, 3] - boxes[:, 0], axis=1)
    return height >= _TALL * width


def _turned(picture: Picture, boxes: Corners) -> tuple[Picture, Corners]:
    """A picture and its boxes a quarter turn counter-clockwise."""
    width = picture.shape[1]
    turned = np.stack([boxes[:, :, 1], width - boxes[:, :, 0]], axis=2)
    return np.ascontiguousarray(np.rot90(picture)), turned[:, [1, 2, 3, 0]]


def _on_its_head(engine: Any, picture: Picture, boxes: Corners) -> bool:
    """Whether most of the longest lines are upside down."""
    widths = np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1)
    longest = boxes[np.argsort(-widths)[:_SAMPLE]]
    _, seen = engine.cls_and_rotate(engine.crop_text_regions(picture, list(longest)))
    return sum(label == "180" and score > 0.9 for label, score in seen.cls_res) * 2 > len(longest)
