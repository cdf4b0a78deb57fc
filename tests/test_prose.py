"""Which numbers may stand in the text of a notebook."""

import pytest

from skinmet.review import prose


@pytest.mark.parametrize(
    "text",
    [
        "# 3. How long it takes\n\n1. first\n2) second",
        "**Time** about 40 minutes · **Level** no Python needed",
        "Time: 30–45 min",
        "**Time.** About 60 minutes with the code, 30 minutes to read it alone.",
        "Series from 1990 to 2019, the 1990s, 2004-2010, 2014/15",
        "the 95% confidence interval, a 95 % prediction interval, its 90%-limits, 95% CI",
        "| interval, 95% | what fits the sample |, a level of 99%",
        "CD8, HER2, CXCR4, PD-L1, GATA3, D2-40, p63, Ki-67, TGF-β1, IL-6, CK7/CK20, 5-FU, I2 and tau2, I²",
        "Q1 and Q12b; 01_how_common and 02_what_it_looks_like.ipynb; row F017",
        "a 2x2 table, a 2 × 2 table",
        "```python\nx = 24\n```\n\n~~~\n31/914\n~~~",
        "`events = 31`",
        "$\\frac{1}{2}(x + 3)$ and $$x = 24$$",
        "[words](https://example.org/24) and https://example.org/31/914",
        '<img src="a.png" width="300"> <!-- 24% -->',
        "[1]: https://example.org/24",
    ],
)
def test_numbers_that_are_no_evidence_may_stand(text):
    assert list(prose.check(text, "f", "cell 1")) == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("in 24% of patients", "24%"),
        ("31 of 914 patients", "31, 914"),
        ("31/914", "31/914"),
        ("n=45, P<0.05", "45, <0.05"),
        ("RR 0.58 (0.48-0.70)", "0.58, 0.48, -0.70"),
        ("1,924 tumours", "1,924"),
        ("a median of 24-36 months", "24, -36"),
        ("95% of them", "95%"),
        ("about 2012.5", "2012.5"),
        ("it is 2000%", "2000%"),
        ("[24% of them](https://example.org)", "24%"),
        ("| patients | 57 |", "57"),
        ("Time: 20 minutes, and 24% of all", "24%"),
        ("# 1. Seen in 24%", "24%"),
        ("it costs $5 and 24% pay $6", "5, 24%, 6"),
        ("CI2.3", "2.3"),
        ("```\n31\n```\nand 24%", "24%"),
    ],
)
def test_numbers_that_are_evidence_may_not(text, numbers):
    (problem,) = prose.check(text, "f", "cell 1")
    assert problem.value == numbers and problem.column == "cell 1"


@pytest.mark.parametrize(
    "text",
    [
        "# Exercise 12. How common is it?",
        "## Q3. Pool them (3 points)\n\nText",
        "**Points.** 24 points in 9 questions.",
    ],
)
def test_marks_may_stand_in_exercises_alone(text):
    assert list(prose.check(text, "exercises/source/01_a/01_a.ipynb", "cell 1")) == []
    assert list(prose.check(text, "notebooks/01_a.ipynb", "cell 1"))


@pytest.mark.parametrize(
    "text", ["pain fell by (3 points)", "## Q3. Seen in 24% (3 points)", "# Exercise 1 in 24%"]
)
def test_other_numbers_in_exercises_are_found(text):
    assert list(prose.check(text, "exercises/source/01_a/01_a.ipynb", "cell 1"))
