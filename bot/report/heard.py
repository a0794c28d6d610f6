"""The quote of a voice note, and the post of a spoken result. Called by the voice case and the loop that speaks."""

from base64 import b64encode

from bot.model.reports import Attachment, Paragraph, Report
from bot.report.safe import line, plain

SPOKEN = 600
"""Characters of a result that are spoken: who wants all of it reads."""
SOUND = "audio/mpeg"


def quote(text: str) -> Report:
    """What was heard, verbatim; nothing in it is a mention or opens anything. `data` holds it for whoever plans from it."""
    head = Paragraph("🎙 I heard:", "faint")
    return Report("answer", (head, Paragraph(plain(text), "code")), data={"transcript": text})


def transcript(report: Report) -> str:
    """The words that a quote holds."""
    return str(report.data["transcript"])


def aloud(report: Report) -> str:
    """What of a result is spoken: its words without code, cut at the end of a line."""
    lines = [
        line(each.text, SPOKEN).replace("`", "")
        for each in report.paragraphs
        if each.text and each.style != "code"
    ]
    return " ".join(lines)[:SPOKEN]


def sound(data: bytes) -> Report:
    """A spoken result."""
    file = Attachment("result.mp3", b64encode(data).decode(), SOUND)
    return Report("answer", (Paragraph("🔊 The result, spoken.", "faint"),), attachments=(file,))
