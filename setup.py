"""The package's page: the README, whose links are of a checkout, with links that lead somewhere from everywhere."""

import configparser
import re
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent

declared = configparser.ConfigParser()
declared.read(ROOT / "setup.cfg", encoding="utf-8")
files = declared["metadata"]["url"] + "/blob/main/"

readme = (ROOT / "README.md").read_text(encoding="utf-8")
setup(
    long_description=re.sub(r"\]\((?!https?:|#)", f"]({files}", readme), long_description_content_type="text/markdown"
)
