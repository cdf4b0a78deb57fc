"""Faults to plant in the small project, one at a time, and where `skinmet check` must find each."""

import csv
import io
import json
import shutil

import small_project
from skinmet.references import files
from skinmet.review import canonical
from small_project import NOTEBOOK

FREQ = "epidemiology/frequency"
BACKGROUND = "epidemiology/background"
SURVIVAL = "epidemiology/survival"
ACCURACY = "diagnosis/diagnostic_accuracy"
BAYES = "diagnosis/bayes_inputs"
TRIALS = "integrative/trial_effects"
LOCAL = "therapy/local_response"
FREQ_FILE = f"data/{FREQ}.csv"
VERDICTS = "integrative/claim_verdicts"
QUOTES = "epidemiology/misquotations"
PRESENTATIONS = "presentation/presentations"
READER = "second_reader"
FIXES = "corrections"
PACKAGE = "data/datapackage.json"
PAGE = "notebooks/01_small.ipynb"


# Every case spoils one thing in the project and returns what must be found: (file, line, column, words of the
# message), or a list of these where one slip is rightly two findings. Line None: the fault has no line.

FAULTS = {}


def fault(function):
    FAULTS[function.__name__] = function


def cell(table, row_id, column, value, words, **others):
    """The case of one cell with a wrong value; `others`: cells of the row that change with it."""

    def plant(project):
        return *project.set(table, row_id, {column: value, **others}), column, words

    return plant


def saved_as(change, line, words):
    """The case of a table that was saved in another way."""

    def plant(project):
        path = project.path(FREQ_FILE)
        path.write_bytes(change(path.read_bytes()))
        return FREQ_FILE, line, None, words

    return plant


def separated_by(sign):
    def change(raw):
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=sign, lineterminator="\n").writerows(csv.reader(io.StringIO(raw.decode())))
        return out.getvalue().encode()

    return change


def in_notebook(words, **spoilt):
    """The case of a notebook with one more cell."""

    def plant(project):
        project.notebook(**spoilt)
        return PAGE, None, "cell 3", words

    return plant


# Files

ROWS_OF_FREQ = len(small_project.ROWS[FREQ].split())
FAULTS |= {
    "byte order mark": saved_as(lambda raw: b"\xef\xbb\xbf" + raw, 1, "byte order mark"),
    "Windows line ends": saved_as(lambda raw: raw.replace(b"\n", b"\r\n"), 1, "the Windows way"),
    "one Windows line end": saved_as(lambda raw: raw[:-1] + b"\r\n", ROWS_OF_FREQ + 1, "the Windows way"),
    "old Mac line ends": saved_as(lambda raw: raw.replace(b"\n", b"\r"), 1, "a CR sign"),
    "UTF-16": saved_as(lambda raw: raw.decode().encode("utf-16"), 1, "is saved as UTF-16"),
    "semicolons": saved_as(separated_by(";"), 1, "separated by semicolons"),
    "tabs": saved_as(separated_by("\t"), 1, "separated by tabs"),
    "empty lines at the end": saved_as(
        lambda raw: raw + b"\n\n", ROWS_OF_FREQ + 2, "an empty line at the end"
    ),
    "empty columns at the end": saved_as(
        lambda raw: raw.replace(b"\n", b",,\n"), 1, "2 empty columns at the end"
    ),
    "a spreadsheet's first line": saved_as(
        lambda raw: b"sep=,\n" + raw, 1, "begins with a line for the spreadsheet (sep=,)"
    ),
    "empty cells at the end": saved_as(
        lambda raw: raw + b"," * 21 + b"\n", ROWS_OF_FREQ + 2, "an empty line at"
    ),
}


@fault
def missing_file(project):
    project.path(f"data/{SURVIVAL}.csv").unlink()
    return f"data/{SURVIVAL}.csv", None, None, "the file is missing"


@fault
def folder_in_place_of_a_file(project):
    project.path(f"data/{SURVIVAL}.csv").unlink()
    project.path(f"data/{SURVIVAL}.csv").mkdir()
    return f"data/{SURVIVAL}.csv", None, None, "the file is missing"


@fault
def file_nobody_described(project):
    shutil.copy(project.path(FREQ_FILE), project.path("data/epidemiology/frequency (1).csv"))
    return "data/epidemiology/frequency (1).csv", None, None, "is not described in the package"


@fault
def spreadsheets_own_file(project):
    project.path("data/epidemiology/frequency.xlsx").write_bytes(b"PK")
    return "data/epidemiology/frequency.xlsx", None, None, "a spreadsheet's own file"


@fault
def not_utf8(project):
    file, line = project.replace(FREQ_FILE, "Bastard 2019", b"B\xe2stard 2019")
    place = project.path(file).read_bytes().index(0xE2) + 1
    return file, line, None, f"is not UTF-8: byte {place} of the file"


@fault
def empty_line_inside(project):
    file, line = project.replace(FREQ_FILE, "\nF017", "\n\nF017")
    return file, line + 1, None, "an empty line: delete it"


@fault
def row_with_too_many_cells(project):
    file, line = project.replace(FREQ_FILE, "\nF017,", "\nF017,,")
    return file, line + 1, None, "the row has 23 cells, the header 22 (F017)"


@fault
def row_with_too_few_cells(project):
    file, line = project.replace(FREQ_FILE, "\nF017,bastard2019cutaneous,", "\nF017,")
    return file, line + 1, None, "the row has 21 cells, the header 22 (F017)"


@fault
def quote_that_is_not_closed(project):
    file, line = project.replace(FREQ_FILE, "\nF033,", '\nF033,"')
    return file, line + 1, None, "this row can't be read"


@fault
def endless_cell(project):
    file, line = project.replace(FREQ_FILE, "\nF033,", f"\nF033{'x' * 140_000},")
    return file, line + 1, None, "a cell of more than 131072 characters"


@fault
def no_rows(project):
    project.write(SURVIVAL, project.read(SURVIVAL)[:1])
    return f"data/{SURVIVAL}.csv", 1, None, "the table has no rows"


@fault
def empty_file(project):
    project.path(f"data/{SURVIVAL}.csv").write_bytes(b"")
    return f"data/{SURVIVAL}.csv", 1, None, "the file is empty"


@fault
def lost_header(project):
    project.write(SURVIVAL, project.read(SURVIVAL)[1:])
    return f"data/{SURVIVAL}.csv", 1, None, "the line with the column names is missing"


@fault
def column_renamed(project):
    file, line = project.replace(FREQ_FILE, ",seen_via,", ",seen_how,")
    return [
        (file, line, "seen_via", "is missing: put the column back (is it the one now called seen_how?)"),
        (file, line, "seen_how", "this column is not in the schema"),
    ]


@fault
def column_without_name(project):
    rows = project.read(FREQ)
    project.write(FREQ, [[*row, "x" if n else ""] for n, row in enumerate(rows)])
    return FREQ_FILE, 1, "no name", "this column is not in the schema"


@fault
def column_doubled(project):
    rows = project.read(FREQ)
    project.write(FREQ, [[*row, row[1]] for row in rows])
    return FREQ_FILE, 1, "citekey", "this column stands there 2 times"


@fault
def columns_in_another_order(project):
    project.write(FREQ, [[row[1], row[0], *row[2:]] for row in project.read(FREQ)])
    return FREQ_FILE, 1, "citekey", "the columns stand in another order"


@fault
def package_is_not_json(project):
    file, line = project.replace(PACKAGE, '"resources": [', '"resources": ]')
    return file, line, None, "is not JSON"


@fault
def package_is_not_utf8(project):
    project.replace(PACKAGE, "Skin metastasis", b"Skin m\xe9tastasis")
    return PACKAGE, None, None, "is not UTF-8"


@fault
def package_without_tables(project):
    project.replace(PACKAGE, '"resources"', '"tables"')
    return PACKAGE, None, None, "does not list its tables"


def spoil_survival(project, change):
    """Spoil the description of one table; its file is taken away too. Return where it must be found."""
    content = json.loads(project.path(PACKAGE).read_text("utf-8"))
    change(next(entry for entry in content["resources"] if entry["path"] == f"{SURVIVAL}.csv"))
    text = json.dumps(content, indent=2)
    project.path(PACKAGE).write_text(text)
    project.path(f"data/{SURVIVAL}.csv").unlink()
    return PACKAGE, next(n for n, row in enumerate(text.split("\n"), 1) if f'"{SURVIVAL}.csv"' in row), None


@fault
def table_without_key(project):
    place = spoil_survival(project, lambda entry: entry["schema"].pop("primaryKey"))
    return *place, "a table's description is broken: 'primaryKey' is missing"


@fault
def table_with_unknown_type(project):
    place = spoil_survival(project, lambda entry: entry["schema"]["fields"][1].update(type="date"))
    return *place, "the type of citekey is none of string"


@fault
def table_whose_key_is_no_column(project):
    place = spoil_survival(project, lambda entry: entry["schema"].update(primaryKey=["id"]))
    return *place, "the key id is not among the columns"


# Cells

FAULTS |= {
    "required cell empty": cell(FREQ, "F018", "measure", "", "the cell is empty, but must not be"),
    "empty cell of a list": cell(FREQ, "F018", "seen_as", "", "with one of: fulltext, abstract, secondary"),
    "word outside the list": cell(
        FREQ,
        "F018",
        "seen_as",
        "Abstract",
        "did you mean abstract? allowed are: fulltext, abstract, secondary",
    ),
    "not a number": cell(FREQ, "F018", "ci_low", "up to 24", "not a number (up to 24)"),
    "decimals in a count": cell(FREQ, "F018", "total", "11418.5", "a count has no decimals"),
    "decimal comma": cell(FREQ, "F018", "ci_low", "0,2", "a decimal comma (0,2): write 0.2"),
    "comma in a count": cell(FREQ, "F018", "total", "11,418", "a comma in a whole number (11,418)"),
    "thousands apart": cell(FREQ, "F018", "total", "11 418", "it is grouped in thousands"),
    "fraction as a day": cell(FREQ, "F018", "events", "05-Mar", "a date, which a spreadsheet makes of"),
    "fraction as a month": cell(FREQ, "F018", "events", "Mar-05", "a date"),
    "fraction as a date": cell(FREQ, "F018", "events", "2026-03-05", "a date"),
    "fraction as a German day": cell(FREQ, "F018", "events", "05. Mrz", "a date"),
    "fraction as a day, in text": cell(FREQ, "F018", "years", "05-Mar", "a date"),
    "fraction": cell(FREQ, "F018", "events", "33/11418", "a fraction (33/11418): write the two counts"),
    "percent sign": cell(FREQ, "F018", "percent_reported", "0.3%", "it carries a percent sign"),
    "comparison sign": cell(FREQ, "F018", "percent_reported", "<0.3", "it carries a comparison sign"),
    "typographic minus": cell(TRIALS, "T018", "ci_low", "−0.8", "a typographic minus sign"),
    "word for missing": cell(FREQ, "F018", "ci_low", "NA", "a word for “missing” (NA): leave the cell empty"),
    "infinite": cell(FREQ, "F018", "ci_high", "inf", "a word for “missing”"),
    "other digits": cell(FREQ, "F018", "total", "١١٤١٨", "not a whole number"),
    "endless figure": cell(FREQ, "F018", "ci_low", "9" * 400, "not a number"),
    "endless number": cell(FREQ, "F018", "total", "9" * 5000, "not a whole number"),
    "below the minimum": cell(FREQ, "F018", "events", "-33", "less than the smallest possible value, 0"),
    "above the maximum": cell(
        ACCURACY, "D42", "specificity", "99", "more than the largest possible value, 1"
    ),
    "spreadsheet's FALSE": cell(
        FREQ, "F018", "presenting_sign", "FALSE", "not true or false (FALSE): write false"
    ),
    "maybe": cell(FREQ, "F018", "presenting_sign", "maybe", "not true or false (maybe): write true or false"),
    "space at the end": cell(FREQ, "F018", "country", "Thailand ", "spaces around the value ('Thailand ')"),
    "hard space in front": cell(FREQ, "F018", "country", "\u00a0Thailand", "spaces around the value"),
    "only spaces": cell(FREQ, "F018", "country", "  ", "spaces around the value"),
    "smart quote in a key": cell(
        SURVIVAL, "V002", "citekey", "“nashan2009cutaneous”", "a typographic quotation"
    ),
    "smart quote in a number": cell(
        FREQ, "F018", "events", "‘33", "a typographic quotation mark in a number"
    ),
    "line break": cell(FREQ, "F018", "notes", "primary\nexcluded", "a line break inside the cell"),
    "control character": cell(FREQ, "F018", "notes", "primary\x1b[2J", "a control character (U+001B)"),
    "garbled letters": cell(FREQ, "F018", "notes", "Ã©tude rÃ©trospective", "garbled letters"),
    "invisible sign": cell(FREQ, "F018", "measure", "pro\u00adportion", "an invisible sign (U+00AD)"),
    "invisible sign in a number": cell(FREQ, "F018", "events", "\u200b33", "it holds an invisible sign"),
    "short form of a long number": cell(FREQ, "F018", "total", "1.14E+04", "a spreadsheet's short form"),
    "short form of an identifier": cell(FREQ, "F018", "years", "1,23E+12", "a spreadsheet's short form"),
    "lost zero": cell(FREQ, "F018", "percent_reported", ".3", "nothing stands before the point (.3)"),
    "apostrophe for text": cell(FREQ, "F018", "events", "'33", "a spreadsheet's sign for text ('33)"),
    "almost the same row_id": cell(
        SURVIVAL,
        "V002",
        "row_id",
        "V1",
        "line 2 has almost this row_id: a lost zero, or a small letter? (V1)",
    ),
    "doubled row_id": cell(SURVIVAL, "V002", "row_id", "V001", "line 2 has this row_id already (V001)"),
    "unknown work": cell(
        SURVIVAL,
        "V002",
        "citekey",
        "nashan2009cutaneus",
        "no such key in references/references.bib (nashan2009cutaneus): did you mean nashan2009cutaneous?",
    ),
    "unknown original": cell(QUOTES, "M01", "original_citekey", "x1999y", "no such key in references"),
    "unknown work in a list": cell(
        QUOTES,
        "M10",
        "other_original_citekeys",
        "lookingbill1993cutaneous; nobody1999x",
        "no such key in references/references.bib (nobody1999x)",
    ),
    "list with commas": cell(
        QUOTES,
        "M10",
        "other_original_citekeys",
        "lookingbill1993cutaneous, lookingbill1990skin",
        "separate the keys by a semicolon and one space",
    ),
    "unknown claim": cell(VERDICTS, "V01", "claim_id", "A99", "no such row in claims/claims (A99)"),
    "unknown claim in a list": cell(
        VERDICTS, "V12", "other_claim_ids", "A99", "no such row in claims/claims (A99)"
    ),
    "unknown claim backed": cell(
        "claims/citation_audit",
        "A-arends2021",
        "claims_backed",
        "A37; A98",
        "no such row in claims/claims (A98)",
    ),
    "unknown node": cell("pathways/pathway_edges", "e002", "target", "cxcl13", "did you mean cxcl12?"),
}

# Cells that must agree

FAULTS |= {
    "events above total": cell(FREQ, "F031", "events", "9999", "more than total, which is 7073 (9999)"),
    "treated events": cell(TRIALS, "T018", "events_treated", "1538", "more than n_treated, which is 1537"),
    "control events": cell(TRIALS, "T018", "events_control", "2000", "more than n_control, which is 1551"),
    "prevalence events": cell(ACCURACY, "D02", "prevalence_events", "200", "more than prevalence_total"),
    "bounds swapped": cell(
        TRIALS, "T018", "ci_low", "1.14", "above ci_high, which is 0.8 (1.14)", ci_high="0.8"
    ),
    "range swapped": cell(BACKGROUND, "B026", "range_low", "13", "above range_high", range_high="10"),
    "estimate below its interval": cell(TRIALS, "T018", "estimate", "0.69", "below ci_low, which is 0.8"),
    "estimate above its interval": cell(BACKGROUND, "B009", "value", "232", "above ci_high, which is 23.2"),
    "specificity outside its interval": cell(
        ACCURACY, "D42", "specificity", "0.95", "below specificity_ci_low"
    ),
    "percentage and counts": cell(
        FREQ,
        "F033",
        "percent_reported",
        "3.9",
        "22 of 755 is 2.914 (3.9): compare with the source; if it is printed so, add a row to data/corr",
    ),
    "percentage to two digits": cell(FREQ, "F033", "percent_reported", "2.92", "22 of 755 is 2.9139 (2.92)"),
    "value and counts": cell(BACKGROUND, "B008", "value", "26.2", "1432 of 6338 is 22.594 (26.2)"),
    "estimate and counts": cell(BAYES, "B01", "estimate", "0.005", "25 of 6083 is 0.00411"),
    "interval and counts": cell(
        LOCAL, "L181", "ci_low", "3.0", "14 of 29 gives a 95% interval of about 31.4 to 65.6"
    ),
    "interval on another scale": cell(
        LOCAL, "L102", "ci_high", "96", "2 of 10 gives a 95% interval", ci_low=""
    ),
    "interval of a Bayes input": cell(
        BAYES, "B01", "ci_high", "0.06", "25 of 6083 gives a 95% interval of about"
    ),
    "counts without basis": cell(FREQ, "F030", "count_basis", "none", "there is a count in events (none)"),
    "basis without counts": cell(
        FREQ,
        "F033",
        "count_basis",
        "stated",
        "there is no count (stated): write none, or fill in the counts",
        events="",
        percent_reported="",
    ),
    "cells without basis": cell(ACCURACY, "D26", "count_basis", "none", "there is a count in tp (none)"),
    "more cells than patients": cell(
        ACCURACY, "D02", "n", "150", "tp + fp + fn + tn is 156, more than n (150)"
    ),
    "sensitivity": cell(ACCURACY, "D26", "sensitivity", "0.935", "tp / (tp + fn) is 0.9535 (0.935)"),
    "specificity": cell(ACCURACY, "D26", "specificity", "0.946", "tn / (tn + fp) is 0.9638 (0.946)"),
    "likelihood ratio": cell(BAYES, "B13", "estimate", "9.814", "its four cells give 9.4182 (9.814)"),
    "likelihood ratio, zero cell": cell(BAYES, "B15", "estimate", "94.438", "its four cells give 99.4381"),
    "two units in a pool group": cell(
        LOCAL, "L066", "unit", "lesions", "the pool group ECT_patient_breast (CR) counts patients (lesions)"
    ),
    "one study twice in a pool group": cell(
        FREQ,
        "F033",
        "study",
        "Zhao 2020",
        "the pool group B_chestwall_after_mastectomy has this study already, in line 11 (Zhao 2020)",
    ),
    "one study in two spellings": cell(
        FREQ,
        "F033",
        "study",
        "ZHAO et al. (2020)",
        "the pool group B_chestwall_after_mastectomy has this study already, in line 11 (ZHAO et al. (2020))",
    ),
    "one cohort published twice": cell(
        FREQ,
        "F033",
        "events",
        "238",
        "has the same counts in line 11: one cohort published twice? (238 of 7073)",
        total="7073",
        percent_reported="",
    ),
}


@fault
def row_entered_twice(project):
    rows = project.read(SURVIVAL)
    project.write(SURVIVAL, [*rows, ["V099", *rows[1][1:]]])
    place = f"data/{SURVIVAL}.csv", len(rows) + 1, "row_id"
    return *place, "all else in this row stands in line 2 too (V099): remove one of the two rows"


# The second reader, and corrections

FAULTS |= {
    "second reader's row": cell(
        READER, "Z001", "read_row", "F999", "no such row in epidemiology/frequency (F999)"
    ),
    "second reader's table": cell(
        READER, "Z001", "table", "frequency", "no such table (frequency): name it as domain/table"
    ),
    "second reader's figure": cell(
        READER, "Z001", "events", "376", f"said to agree, but {FREQ_FILE}:2 has 367 (376)"
    ),
    "second reader's cell of four": cell(READER, "Z050", "fn", "9", "has 6 (9)"),
    "second reader's unit": cell(READER, "Z001", "unit", "cases", "has patients (cases)"),
    "second reader's measure": cell(READER, "Z066", "effect_measure", "OR", "has RR (OR)"),
    "second reader's work": cell(
        READER,
        "Z001",
        "citekey",
        "zhao2020locoregional",
        f"the row it read, {FREQ_FILE}:2, rests on lookingbill",
    ),
    "disagreement without resolution": cell(
        READER, "Z001", "resolution", "", "a disagreement without its resolution", result="disagree"
    ),
    "corrected value": cell(FIXES, "K001", "expected", "11.3", "now has 11.2 in percent_reported (11.3)"),
    "used value": cell(FIXES, "K001", "used", "11.95", "19 of 164 is 11.59 (11.95): write 11.59"),
    "used value is a word": cell(FIXES, "K001", "used", "more", "19 of 164 is 11.59 (more)"),
}


def lost_correction(column, value, words):
    """The case of a correction that points elsewhere: the cell it was made for is a second finding."""

    def plant(project):
        place = project.set(FIXES, "K001", {column: value})
        cell = f"data/{PRESENTATIONS}.csv", project.line(PRESENTATIONS, "P002"), "percent_reported"
        return [(*place, column, words), (*cell, "19 of 164 is 11.585 (11.2)")]

    return plant


FAULTS |= {
    "corrected row": lost_correction("corrected_row", "P999", f"no such row in {PRESENTATIONS} (P999)"),
    "corrected table": lost_correction("table", "presentations", "no such table (presentations)"),
    "corrected column": lost_correction("column", "percent", f"{PRESENTATIONS} has no such column (percent)"),
}


@fault
def correction_no_longer_needed(project):
    _, line = project.set(PRESENTATIONS, "P002", {"percent_reported": "11.6"})
    place = project.set(FIXES, "K001", {"expected": "11.6"})
    return (
        *place,
        "expected",
        f"no longer needed: 11.6 at data/{PRESENTATIONS}.csv:{line} agrees with its counts",
    )


@fault
def printed_figure_corrected_by_hand(project):
    _, line = project.set(PRESENTATIONS, "P002", {"percent_reported": "11.6"})
    words = f"data/{PRESENTATIONS}.csv:{line} now has 11.6 in percent_reported (11.2)"
    return f"data/{FIXES}.csv", project.line(FIXES, "K001"), "expected", words


# The bibliography (more of its faults are tested with the references)

BIB, LEDGER = "references/references.bib", "references/ledger.csv"


def field_of_entry(project, column):
    """Lines of the bibliography; where the entry begins in them, and where this field stands."""
    lines = project.path(BIB).read_text("utf-8").split("\n")
    start = lines.index("@article{lookingbill1990skin,")
    return lines, start, next(n for n in range(start, len(lines)) if lines[n].startswith(f"  {column} = "))


def in_entry(column, value, words):
    """The case of one field of an entry with a wrong value, given with its braces."""

    def plant(project):
        lines, _, at = field_of_entry(project, column)
        lines[at] = f"  {column} = {value},"
        project.path(BIB).write_text("\n".join(lines), "utf-8", newline="\n")
        followed_by_table(project)
        return BIB, at + 1, column, words

    return plant


def followed_by_table(project):
    """Where the bibliography can still be read, its table follows it, so that one fault stays one finding."""
    sources = files.read(project.root)
    if not sources.problems:
        project.path(canonical.REFERENCES).write_text(
            canonical.references_table(sources), "utf-8", newline="\n"
        )


def without_field(column, words):
    """The case of a complete entry that lacks a field."""

    def plant(project):
        lines, start, at = field_of_entry(project, column)
        del lines[at]
        project.path(BIB).write_text("\n".join(lines), "utf-8", newline="\n")
        followed_by_table(project)
        return BIB, start + 1, None, words

    return plant


def as_type(kind, words):
    """The case of a complete entry of another type, which needs other fields."""

    def plant(project):
        _, line = project.replace(BIB, "@article{lookingbill1990skin,", f"@{kind}{{lookingbill1990skin,")
        return BIB, line, None, words

    return plant


def saved_ledger(change, line, words):
    """The case of a ledger that was saved in another way."""

    def plant(project):
        project.path(LEDGER).write_bytes(change(project.path(LEDGER).read_bytes()))
        return LEDGER, line, None, words

    return plant


FAULTS |= {
    "undefined @string": in_entry("journal", "jamaderm", "neither in braces nor the name of a @string"),
    "malformed DOI": in_entry("doi", "{doi.org/x}", "malformed doi (doi.org/x): write the DOI alone"),
    "malformed PMID": in_entry("pmid", "{PMID123}", "malformed pmid (PMID123): write the number alone"),
    "malformed year": in_entry("year", "{19}", "malformed year (19): write four digits"),
    "malformed pages": in_entry("pages", "{26--19}", "malformed pages (26--19)"),
    "split organisation": in_entry(
        "author", "{World Health Organization}", "BibTeX would take the last word of this name for the family"
    ),
    "no year": without_field("year", "marked complete, but without year"),
    "no journal": without_field("journal", "marked complete, but without journal"),
    "no publisher": as_type("book", "marked complete, but without publisher"),
    "no school": as_type("phdthesis", "marked complete, but without school or institution"),
    "no book": as_type("incollection", "marked complete, but without booktitle"),
    "ledger with semicolons": saved_ledger(separated_by(";"), 1, "cells are separated by semicolons"),
    "ledger with a byte order mark": saved_ledger(
        lambda raw: b"\xef\xbb\xbf" + raw, 1, "begins with a byte order mark (BOM)"
    ),
    "ledger with Windows line ends": saved_ledger(
        lambda raw: raw.replace(b"\n", b"\r\n"), 1, "lines end the Windows way"
    ),
}


def one_more_entry(column):
    """The case of a work that stands there a second time, under another key."""

    def plant(project):
        lines, start, at = field_of_entry(project, column)
        twin = ["", "@article{zz1990twin,", lines[at], "  keywords = {incomplete},", "}", ""]
        project.path(BIB).write_text("\n".join(lines[:-1] + twin), "utf-8", newline="\n")
        row = "zz1990twin,incomplete,abstract,,,,,\n"
        project.path(LEDGER).write_bytes(project.path(LEDGER).read_bytes() + row.encode())
        followed_by_table(project)
        words = f"zz1990twin: lookingbill1990skin (line {start + 1}) has the same {column}"
        return BIB, len(lines) + 2, column, words

    return plant


FAULTS |= {f"{name} of two works": one_more_entry(name) for name in ("doi", "pmid", "title")}


@fault
def references_table_is_stale(project):
    file, _ = project.set("references", "bastard2019cutaneous", {"title": "Another title"})
    return file, None, None, "differs from what references.bib and ledger.csv give: run `skinmet fmt`"


@fault
def bibliography_is_gone(project):
    project.path("references/references.bib").unlink()
    return "references/references.bib", None, None, "the file is missing"


@fault
def broken_entry(project):
    file, _ = project.replace(BIB, "title = {Skin involvement", "title = {{Skin involvement")
    start = project.path(file).read_text("utf-8").split("\n").index("@article{lookingbill1990skin,") + 1
    return file, start, None, "entry can't be read"


# Notebooks

CODE = {"cell_type": "code", "execution_count": 3, "outputs": []}
SHOWN = {
    "output_type": "display_data",
    "metadata": {},
    "data": {"text/html": "<a href='#ref-nobody1999x'>N</a>"},
}
ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
UNKNOWN = "cites a work that is not in the bibliography (nobody1999x)"
FAULTS |= {
    "cell not executed": in_notebook(
        "this cell was not executed", source="1 + 1", **CODE | {"execution_count": None}
    ),
    "error in the output": in_notebook(
        "an error is stored as output (KeyError: 'x')", source="{}['x']", **CODE | {"outputs": [ERROR]}
    ),
    "citation in text": in_notebook(UNKNOWN, cell_type="markdown", source="[N](#ref-nobody1999x)"),
    "citation in an output": in_notebook(UNKNOWN, source="table()", **CODE | {"outputs": [SHOWN]}),
    "citation in code": in_notebook(
        UNKNOWN, source='%time\nrefs.cite("bastard2019cutaneous; nobody1999x")', **CODE
    ),
    "citation in a list": in_notebook(UNKNOWN, source='bibliography(["nobody1999x"])', **CODE),
    "figure in the text": in_notebook(
        "a number typed into the text (24 %)", cell_type="markdown", source="The skin is involved in 24 %."
    ),
    "figure typed between computed ones": in_notebook(
        "a number typed into the text (24%)", source='say(f"{share} of {total}, not 24%")', **CODE
    ),
}


@fault
def notebook_is_not_json(project):
    project.path(PAGE).write_text('{"cells": [\n{"cell_type": }]}')
    return PAGE, 2, None, "is not JSON"


@fault
def notebook_is_not_utf8(project):
    project.path(PAGE).write_bytes(b'{"cells": "\xe9"}')
    return PAGE, None, None, "is not UTF-8 (byte 12)"


@fault
def notebook_of_an_old_format(project):
    project.path(PAGE).write_text(json.dumps({"worksheets": [{"cells": []}], "nbformat": 3}))
    return PAGE, None, None, "is not a notebook of format 4"


@fault
def exercise_not_executed(project):
    path = project.path("exercises/source/01_small/01_small.ipynb")
    path.parent.mkdir(parents=True)
    cells = [{"cell_type": "code", "execution_count": None, "outputs": [], "source": ["pool()"]}]
    path.write_text(json.dumps(NOTEBOOK | {"cells": cells}))
    return "exercises/source/01_small/01_small.ipynb", None, "cell 1", "this cell was not executed"
