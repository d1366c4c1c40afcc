"""The scoring guide's model is taken as it stands there."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Client
from tests.factories.scoring import MODELS_URL

pytestmark = pytest.mark.anyio

GUIDE = Path(__file__).parents[2] / "docs" / "scoring.md"


async def test_the_guides_model_is_taken(client: Client) -> None:
    [body] = re.findall(r"-d '(\{\n.*?\})'", GUIDE.read_text(), re.DOTALL)
    answer = await client.post(MODELS_URL, json=json.loads(body))
    assert answer.status_code == 201, answer.text
    rules = answer.json()["document"]["fit"]["rules"]
    assert [rule["key"] for rule in rules] == ["industry", "decides", "student", "rival"]
