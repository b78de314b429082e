from __future__ import annotations

import re

match_rate = re.compile(r"([1-9][0-9]{0,17})/(second|minute|hour)").fullmatch
RATE_FORM = "COUNT/second, COUNT/minute or COUNT/hour, COUNT a whole number from 1"
