"""The HTML pages of fmnist-train report, seen by tidy and headless Chromium: report_test.py PROGRAM

Needs the real data set; plain Python. Skips what needs a tool that is not installed (both come with
scripts/setup --dev).
"""

import html.parser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DATA_DIR = Path(os.environ.get("FMNIST_DATA_DIR", "/usr/share/datasets/fashion-mnist"))
SECTIONS = ["curves", "classes", "confusion", "calibration", "filters", "feature-maps"]
SECTIONS += ["mistakes", "shifts", "settings"]
SWEEP_SECTIONS = ["accuracy", "ranking", "final", "retrain", "trials", "settings"]
LIMIT = 3_000_000  # bytes
PROGRAM = ""


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode} from {command}:\n{done.stderr}")
    return done


def open_in_chromium(page, *options):
    """Chromium's standard output and its console messages."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
        command += [f"--user-data-dir={profile}", *options, page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"chromium: status {done.returncode}:\n{done.stderr}")
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


class Sections(html.parser.HTMLParser):
    """By section: how much text it has, and how many of each element."""

    def __init__(self, page):
        super().__init__()
        self.text, self.elements, self.current = {}, {}, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "section":
            self.current = dict(attrs)["id"]
            self.text[self.current], self.elements[self.current] = 0, {}
        if self.current:
            counts = self.elements[self.current]
            counts[tag] = counts.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if tag == "section":
            self.current = None

    def handle_data(self, data):
        if self.current:
            self.text[self.current] += len(data.strip())


class EmptyElements(html.parser.HTMLParser):
    """The elements without any text that should have some: where a template's name had no value."""

    WITH_TEXT = {"title", "h1", "h2", "p", "li", "strong", "span", "a", "caption", "figcaption"}
    WITH_TEXT |= {"th", "td", "code", "summary", "text", "footer"}

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in self.WITH_TEXT:
            self.open.append(False)

    def handle_data(self, data):
        if data.strip():
            self.open = [True] * len(self.open)

    def handle_endtag(self, tag):
        if tag in self.WITH_TEXT and not self.open.pop():
            self.found.append(tag)


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        # A name that is harmless in a shell only, and markup in HTML.
        directory = cls.folder / "<b>R&D \"run\"'s"
        train = [PROGRAM, "--epochs", "2", "--limit-batches", "200", "--device", "cpu"]
        run(*train, "--threads", "1", "--data-dir", DATA_DIR, "--output", directory)
        cls.after_run = directory / "report.html"
        cls.page = cls.folder / "page.html"
        run(PROGRAM, "report", directory, "--threads", "1", "--shifts", "1", "--output", cls.page)

        sweep = cls.folder / "<i>R&D 'sweep'"
        vary = ["--vary", "lr=0.003..0.1:log:3", "--vary", "momentum=0.5,0.9", "--seeds", "2", "--final"]
        run(PROGRAM, "sweep", *vary, "--epochs", "1", "--limit-batches", "60", "--data-dir", DATA_DIR,
            "--output", sweep)
        cls.sweep = sweep / "report.html"

    def pages(self):
        for page in (self.after_run, self.page, self.sweep):
            with self.subTest(page=page.name):
                yield page

    def test_every_section_is_there_and_holds_something(self):
        sections = Sections(self.page.read_text())
        self.assertEqual(list(sections.text), SECTIONS)
        for name, length in sections.text.items():
            self.assertGreater(length, 100, name)
        elements = sections.elements
        self.assertEqual(elements["curves"]["svg"], 2)
        self.assertEqual(elements["curves"]["circle"], 8)
        self.assertEqual(elements["classes"]["tr"], 12)
        self.assertEqual(elements["confusion"]["td"], 100)
        self.assertEqual(elements["calibration"]["svg"], 1)
        self.assertEqual(elements["filters"]["img"], 10)
        self.assertEqual(elements["feature-maps"]["img"], 30)
        self.assertEqual(elements["mistakes"]["img"], 40)
        self.assertEqual(elements["shifts"]["td"], 9)
        self.assertGreater(elements["settings"]["tr"], 15)

    def test_the_page_written_after_the_run_lacks_only_the_shifts(self):
        sections = Sections(self.after_run.read_text())
        self.assertEqual(list(sections.text), [name for name in SECTIONS if name != "shifts"])

    def test_every_section_of_a_sweep_is_there_and_holds_something(self):
        sections = Sections(self.sweep.read_text())
        self.assertEqual(list(sections.text), SWEEP_SECTIONS)
        for name, length in sections.text.items():
            self.assertGreater(length, 100, name)
        elements = sections.elements
        self.assertEqual(elements["accuracy"]["svg"], 1)
        self.assertEqual(elements["accuracy"]["circle"], 6)
        self.assertEqual(elements["ranking"]["tr"], 7)
        self.assertEqual(elements["final"]["tr"], 3)
        self.assertEqual(elements["trials"]["tr"], 13)

    def test_is_small_and_has_no_address(self):
        for page in self.pages():
            text = page.read_text()
            self.assertLess(len(text.encode()), LIMIT)
            self.assertIsNone(re.search(r"https?:|<script|@import|url\(", text))

    @unittest.skipUnless(shutil.which("tidy"), "tidy is not installed: scripts/setup --dev")
    def test_is_valid_html(self):
        for page in self.pages():
            done = subprocess.run(["tidy", "-e", "-q", page], capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            self.assertEqual(done.returncode, 0)

    @unittest.skipUnless(shutil.which("chromium"), "chromium is not installed: scripts/setup --dev")
    def test_opens_in_chromium_without_a_word_on_the_console(self):
        broken = self.folder / "broken.html"
        broken.write_text("<script>console.error('heard')</script>")
        self.assertNotEqual(open_in_chromium(broken, "--dump-dom")[1], [])  # it would be heard
        for page in self.pages():
            dom, console = open_in_chromium(page, "--dump-dom")
            self.assertEqual(console, [])
            self.assertIn("</html>", dom)

    @unittest.skipUnless(shutil.which("chromium"), "chromium is not installed: scripts/setup --dev")
    def test_can_be_photographed_for_the_readme(self):
        script = Path(__file__).resolve().parents[2] / "scripts" / "screenshot_report"
        picture = self.folder / "report.png"
        run(script, self.page, picture)
        self.assertTrue(picture.read_bytes().startswith(b"\x89PNG"))
        self.assertGreater(picture.stat().st_size, 20_000)


    def test_no_tag_of_the_template_and_no_empty_cell_is_left(self):
        broken = EmptyElements("<table><tr><td>1</td><td> </td></tr></table><p><b>x</b></p><p></p>")
        self.assertEqual(broken.found, ["td", "p"])  # they would be seen
        for page in self.pages():
            text = page.read_text()
            self.assertNotIn("{{", text)
            self.assertNotIn('=""', text)
            self.assertEqual(EmptyElements(text).found, [])


def main():
    global PROGRAM
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: report_test.py PROGRAM [unittest options]")
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()


if __name__ == "__main__":
    main()
