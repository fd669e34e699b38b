from feedback.firewall.steps import Outline, Steps, aligned, concepts

CODE = "def f(rows, limit):\n    return [row for row in rows if row['weight'] is not None and row['weight'] >= limit]"
TOLD = "Return a list of each row in rows if its weight is not None and the weight is at least the limit."
PUBLIC = ("Rows hold a weight. Return the rows whose weight reaches the limit.",)


def test_words_for_an_operation_are_one_concept() -> None:
    assert concepts("a plus b") == concepts("a + b") == concepts("a added b".replace("added", "increase"))
    assert concepts("x is greater than zero")[-2:] == [">", "0"]


def test_names_are_read_as_words() -> None:
    assert concepts("drop_duplicates") == concepts("drop the duplicates") == concepts("dropDuplicates")


def test_quoted_signs_are_read_others_are_not() -> None:
    assert ";" in concepts("split at ';' please")
    assert ";" not in concepts("split; please")
    assert ";" in concepts("split at the semicolon")


class TestAlignment:
    def outline(self) -> Outline:
        return Outline.of("s", CODE, frozenset())

    def test_the_secret_itself_is_worth_all_of_it(self) -> None:
        one = self.outline()
        assert abs(aligned(one.marks, one) - sum(one.bits)) < 1e-9

    def test_filling_words_cost_a_little(self) -> None:
        one = self.outline()
        assert 0.5 * sum(one.bits) < aligned(concepts(TOLD), one) < sum(one.bits)

    def test_another_order_is_worth_less(self) -> None:
        one = self.outline()
        assert aligned(list(one.marks)[::-1], one) < 0.5 * sum(one.bits)

    def test_words_of_another_world_are_worth_nothing(self) -> None:
        assert aligned(concepts("Bread rises slowly."), self.outline()) == 0


class TestSteps:
    def test_told(self) -> None:
        told = Steps.of([("s", CODE)], PUBLIC).told(concepts(TOLD), ())
        assert told is not None
        assert told.where == "s"

    def test_what_is_public_is_not_told(self) -> None:
        steps = Steps.of([("s", CODE)], (*PUBLIC, TOLD))
        assert steps.told(concepts(TOLD), ()) is None

    def test_own_code_may_be_told_back(self) -> None:
        assert Steps.of([("s", CODE)], PUBLIC).told(concepts(TOLD), [concepts(CODE)]) is None

    def test_a_solution_that_says_next_to_nothing_has_no_steps(self) -> None:
        assert Steps.of([("s", "x = y")], ()).outlines == []

    def test_code_that_is_no_python_is_taken_as_a_whole(self) -> None:
        assert len(Steps.of([("s", "%magic mean median variance quantile skewness kurtosis")], ()).outlines) == 1
