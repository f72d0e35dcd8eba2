"""Training on many examples gives the same kind of classifier as training on a few."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from taskroute.errors import ConfigurationError
from taskroute.learned.examples import examples_in
from taskroute.learned.fit import Example
from taskroute.learned.words import MARK
from taskroute.learning.fit_large import fit_large, margins
from tests.learned.prompts import OF_NO_TASK, TASKS, UNSEEN


@pytest.mark.parametrize(("text", "task"), UNSEEN.items())
def test_a_text_like_the_examples_is_told(text: str, task: str) -> None:
    probabilities = fit_large(examples_in(TASKS)).classify(text).probabilities
    assert max(probabilities, key=lambda label: probabilities[label]) == task


def test_texts_of_no_class_may_be_given_to_tell_what_is_outside() -> None:
    trained = fit_large(examples_in(TASKS), outside=OF_NO_TASK)
    outside = [trained.classify(text).inside for text in OF_NO_TASK]
    assert max(outside) < min(trained.classify(text).inside for text in UNSEEN)
    assert sum(outside) / len(outside) < 0.5


def test_margins_keep_classes_apart_as_a_support_vector_machine_does() -> None:
    rows = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9], [-1.0, -1.0]], dtype=np.float32)
    truth = np.array([0, 0, 1, 1, 2], dtype=np.intp)
    found = margins(sparse.csr_matrix(rows), truth, 3, cost=10.0, enough=1e-5)
    outputs = rows @ found[:-1] + found[-1]
    assert (outputs.argmax(axis=1) == truth).all()
    # At the best weights, each is the sum of what the violated margins ask for.
    sign = np.where(truth[:, None] == np.arange(3), 1.0, -1.0)
    asked = np.vstack((rows.T, np.ones(5))) @ (10.0 * sign * np.maximum(1.0 - sign * outputs, 0.0))
    assert found == pytest.approx(asked, abs=0.01)


def test_rare_pieces_may_be_left_out() -> None:
    examples = [*examples_in(TASKS), *examples_in(TASKS)]
    assert len(fit_large(examples, rarest=3).table.ids) < len(fit_large(examples).table.ids)


def test_marks_are_learned_like_words() -> None:
    examples = [Example("a b", "x"), Example("a c", "x"), Example("a d", "y"), Example("a e", "y")]
    marks = [[f"{MARK}code"], [f"{MARK}code"], [], []]
    trained = fit_large(examples, marks=marks)
    assert trained.classify("a", [f"{MARK}code"]).probabilities["x"] > trained.classify("a").probabilities["x"]


def test_examples_of_one_class_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least two classes"):
        fit_large([Example("a", "x")])
