import unittest

from names import slug


class Slug(unittest.TestCase):
    def test_words_are_joined(self) -> None:
        self.assertEqual(slug("Loose Tea"), "loose-tea")

    def test_umlauts_are_spelled_out(self) -> None:
        self.assertEqual(slug("Größe"), "groesse")

    def test_spaces_around_words_are_no_dashes(self) -> None:
        self.assertEqual(slug("  Green   tea "), "green-tea")


if __name__ == "__main__":
    unittest.main()
