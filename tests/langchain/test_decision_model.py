"""LangChain's decision models as classifiers, and a router's classifier as a decision model."""

from __future__ import annotations

import asyncio
import importlib.util
from decimal import Decimal
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage

from taskroute import Call, ConfigurationError, Router
from taskroute.testing import ScriptedModel
from taskroute.types import Cost
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from tests.langchain.ways import ask
from tests.policies import policy, when
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

if importlib.util.find_spec("langchain_core.decisions") is None:

    def test_older_releases_say_what_is_needed() -> None:
        with pytest.raises(ConfigurationError, match="langchain-core 1.8"):
            importlib.import_module("taskroute_langchain.decision_model")

else:
    from langchain_core.decisions import BaseDecisionModel, Choice, ChoiceAnswer, ClassifierResponse, Score

    from taskroute_langchain import DecisionModelClassifier, RouterDecisionModel

    class Fixed(BaseDecisionModel):
        """Gives every label of every question what it was told to, and keeps the requests."""

        model: str = "fixed"
        scores: dict[str, float]
        fails: bool = False
        slow: float = 0.0
        seen: list[Any] = []

        @property
        def _provider(self) -> str:
            return "fixed"

        def _classify(self, state: Any, questions: Any) -> ClassifierResponse:
            if self.fails:
                raise ConnectionError("gone")
            self.seen.append((state, questions))
            best = max(self.scores, key=self.scores.__getitem__)
            answer = ChoiceAnswer(type="choice", choice=best, probabilities=self.scores, confidence=0.5)
            usage: Any = {"input_tokens": 10, "output_tokens": 2}
            return ClassifierResponse(model=self.model, answers=dict.fromkeys(questions, answer), usage=usage)

        async def _aclassify(self, state: Any, questions: Any) -> ClassifierResponse:
            await asyncio.sleep(self.slow)
            return self._classify(state, questions)

    def routed_by(model: Fixed, **options: Any) -> Router:
        return Router(policy(routes=when(task="math")), classifier=DecisionModelClassifier(model, **options), environ={})

    # As a classifier

    def test_its_probabilities_are_the_scores() -> None:
        model = Fixed(scores={"math": 0.8, "creative": 0.1, "none_of_these": 0.1})
        decision = asyncio.run(routed_by(model).adecide(Call("1+1")))
        signal = decision.signals.task
        assert (decision.route, signal.source, signal.confidence) == ("hit", "fixed", 0.8)
        assert signal.scores == {"math": 0.8, "creative": 0.1}

    def test_it_is_asked_for_a_choice_among_the_tasks_with_what_they_are_and_of_no_model() -> None:
        model = Fixed(scores={"math": 0.8})
        asyncio.run(routed_by(model, descriptions={"math": "sums"}).adecide(Call("1+1")))
        state, questions = model.seen[0]
        question = questions["task"]
        assert state == "1+1"
        assert question.criteria["math"] == "sums"
        assert {"debugging", "none_of_these"} <= question.criteria.keys()
        assert not {"small", "large"} & set(str(question).split())

    def test_the_threshold_is_the_policys() -> None:
        assert asyncio.run(routed_by(Fixed(scores={"math": 0.4, "none_of_these": 0.6})).adecide(Call("1+1"))).route is None

    @pytest.mark.filterwarnings("ignore:the classifier 'fixed' failed")
    @pytest.mark.parametrize("model", [Fixed(scores={"math": 0.8}, fails=True), Fixed(scores={"math": 0.8}, slow=5)])
    def test_one_that_fails_or_takes_too_long_abstains(model: Fixed) -> None:
        assert asyncio.run(routed_by(model, timeout=0.02).adecide(Call("1+1"))).route is None

    @pytest.mark.parametrize("way", ["invoke", "ainvoke"])
    def test_a_routed_model_asks_it_and_counts_what_it_costs(way: str) -> None:
        script = ScriptedModel({"small": "I am small", "large": "I am large"})
        classifier = DecisionModelClassifier(Fixed(scores={"math": 0.8}), price=lambda used: Cost(Decimal(used["input_tokens"]), "mine"))
        llm = RoutedChatModel(
            router=Router(
                {"models": {"small": {}, "large": {}}, "default": "small", "routes": when(task="math")}, classifier=classifier, environ={}
            ),
            models=chat_models(script),
        )
        answer = llm.invoke("1+1") if way == "invoke" else asyncio.run(llm.ainvoke("1+1"))
        assert answer.text == "I am large"

    class Heard(BaseCallbackHandler):
        """Keeps the tags of each run of a decision model."""

        def __init__(self) -> None:
            self.runs: list[list[str]] = []

        def on_chain_start(self, *args: Any, tags: Any = None, **kwargs: Any) -> None:
            if "taskroute:classifier" in (tags or []):
                self.runs.append(list(tags))

    @pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream"])
    def test_its_runs_are_told_to_the_callbacks_of_the_call(way: str) -> None:
        heard = Heard()
        models = chat_models(ScriptedModel({"small": "I am small", "large": "I am large"}))
        llm = RoutedChatModel(router=routed_by(Fixed(scores={"math": 0.8})), models=models)
        for number in range(2):
            ask(way, llm, f"{number}+1", {"callbacks": [heard], "tags": ["mine"]})
        assert len(heard.runs) == 2
        assert all({"mine", "nostream"} <= set(tags) for tags in heard.runs)

    def test_where_there_is_no_call_its_own_config_counts() -> None:
        heard = Heard()
        router = routed_by(Fixed(scores={"math": 0.8}), config={"callbacks": [heard], "tags": ["own"]})
        asyncio.run(router.adecide(Call("1+1")))
        assert ["own" in tags for tags in heard.runs] == [True]

    @pytest.mark.parametrize("score", [float("nan"), -1.0, 7.0])
    @pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
    def test_probabilities_that_are_none_choose_no_model(score: float) -> None:
        class Wild(Fixed):
            def _classify(self, state: Any, questions: Any) -> Any:
                answer = ChoiceAnswer.model_construct(
                    type="choice", choice="math", probabilities={"large": score, "math": score}, confidence=1
                )
                return ClassifierResponse.model_construct(model="wild", answers={"task": answer}, usage=None)

        signal = asyncio.run(routed_by(Wild(scores={"math": 0.8})).adecide(Call("1+1"))).signals.task
        assert signal.value == ("math" if score > 1 else None)
        assert "large" not in signal.scores

    def test_it_may_see_only_what_its_labels_allow() -> None:
        require = [{"when": {"prompt": {"contains": "secret"}}, "labels": ["private"]}]
        models = {"small": {"model": "test:small", "labels": ["private"]}}
        for labels, seen in (((), 0), (("private",), 1)):
            model = Fixed(scores={"math": 0.8}, seen=[])
            router = Router(
                {
                    "models": models,
                    "default": "small",
                    "require": require,
                    "routes": [{"name": "r", "when": {"task": "math"}, "use": "small"}],
                },
                classifier=DecisionModelClassifier(model, labels=labels),
                environ={},
            )
            asyncio.run(router.adecide(Call("my secret")))
            assert len(model.seen) == seen

    def test_a_decision_model_by_itself_is_refused_with_the_cure() -> None:
        given: Any = Fixed(scores={"math": 0.8})
        with pytest.raises(ConfigurationError, match="DecisionModelClassifier"):
            Router(policy(), classifier=given, environ={})
        with pytest.raises(ConfigurationError, match="not a str"):
            DecisionModelClassifier("fixed")  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"timeout": -1}, "timeout=-1 is no time to wait; give seconds, more than 0, or None"),
            ({"timeout": 0}, "timeout=0 is no time"),
            ({"timeout": "5s"}, "timeout='5s' is no time"),
            ({"timeout": float("nan")}, "timeout=nan is no time"),
            ({"timeout": True}, "timeout=True is no time"),
            ({"price": 5}, "price= is 5; give a function from the usage of tokens to a Cost"),
            ({"price": lambda: None}, "price= is <function"),
            ({"price": asyncio.sleep}, "price= is the async function 'sleep'"),
            ({"descriptions": ["billing"]}, "descriptions= must give the name of a task and a text on it"),
            ({"descriptions": {"billing": 3}}, "descriptions= must give the name of a task and a text on it"),
            ({"config": "callbacks"}, "config= is of type str; give a config of LangChain's"),
            ({"labels": 5}, r"labels of a classifier are 5; give names as they stand in 'require'"),
        ],
    )
    def test_an_option_that_cannot_be_is_refused_when_it_is_built(options: dict[str, Any], says: str) -> None:
        with pytest.raises(ConfigurationError, match=says):
            DecisionModelClassifier(Fixed(scores={"math": 0.8}), **options)

    def test_no_limit_may_be_wanted() -> None:
        assert asyncio.run(routed_by(Fixed(scores={"math": 0.8}), timeout=None).adecide(Call("1+1"))).route == "hit"

    def test_a_description_of_no_task_of_the_policy_costs_one_warning_that_names_it() -> None:
        router = routed_by(Fixed(model="describing", scores={"math": 0.8}), descriptions={"math": "sums", "juggling": "balls in the air"})
        with pytest.warns(RuntimeWarning, match="'describing' describes what is no task of the policy: 'juggling'; name it under") as told:
            decisions = [asyncio.run(router.adecide(Call(text))) for text in ("1+1", "2+2")]
        assert len(told) == 1
        assert [decision.route for decision in decisions] == ["hit", "hit"]

    @pytest.mark.parametrize(
        ("gives", "says"),
        [
            ("much", "gave a str; return a Cost"),
            (Cost(0.5, "mine"), "gave a Cost of 0.5; return"),  # type: ignore[arg-type]
            (Cost(Decimal("NaN"), "mine"), "gave a Cost of"),
            (Cost(Decimal(-1), "mine"), "gave a Cost of"),
            (KeyError("x"), "failed with KeyError; what it costs is not known"),
        ],
    )
    def test_a_price_that_gives_none_costs_one_warning_and_the_task_is_told(gives: Any, says: str) -> None:
        def price(used: Any) -> Any:
            if isinstance(gives, Exception):
                raise gives
            return gives

        classifier = DecisionModelClassifier(Fixed(model=f"priced {gives!r}", scores={"math": 0.8}), price=price)
        with pytest.warns(RuntimeWarning, match=says) as told:
            found = [classifier.classify(text, ("math",)) for text in ("1+1", "2+2")]
        assert len(told) == 1
        assert [(one.scores, one.cost, one.asked) for one in found] == [({"math": 0.8}, None, True)] * 2

    # As a decision model

    FAST, POWERFUL = "hello, how are you?", "debug this traceback, the function crashes with a segmentation fault"

    def ours(**options: Any) -> RouterDecisionModel:
        return RouterDecisionModel(router=Router(policy(), environ={}), **options)

    def asked(model: RouterDecisionModel, state: Any, criteria: dict[str, Any]) -> ChoiceAnswer:
        question = Choice(instructions="Which?", criteria=criteria)
        return model.invoke({"state": state, "questions": {"q": question}}).choices["q"]

    @pytest.mark.parametrize(("text", "label"), [(FAST, "chat"), (POWERFUL, "code")])
    def test_labels_that_are_tasks_or_groups_are_told(text: str, label: str) -> None:
        answer = asked(ours(), text, {"chat": "Small talk.", "code": "Programs."})
        assert answer.choice == label
        assert answer.confidence == answer.probabilities[label]
        assert sum(answer.probabilities.values()) == pytest.approx(1)

    def test_criteria_may_list_what_a_label_stands_for() -> None:
        assert asked(ours(), POWERFUL, {"cheap": ["chat", "low"], "dear": ["code", "math", "high"]}).choice == "dear"

    def test_complexities_are_told_though_the_policy_does_not_ask_for_them() -> None:
        tasks = {"a": {"examples": ["red apples", "green pears"]}, "b": {"examples": ["fast cars", "slow trains"]}}
        router = Router(policy(tasks=tasks, classifier={"kind": "examples"}), environ={})
        hard = "Prove rigorously that this distributed algorithm is correct, derive its complexity, and design a trade-off step by step."
        assert asked(RouterDecisionModel(router=router), hard, {"cheap": ["low"], "dear": ["high"]}).choice == "dear"

    def test_other_gets_what_is_left() -> None:
        answer = asked(ours(), "zzz", {"code": None, "other": "Everything else."})
        assert answer.choice == "other"

    def test_the_first_is_chosen_where_nothing_speaks_for_any() -> None:
        answer = asked(ours(), "zzz", {"code": None, "math": None})
        assert (answer.choice, answer.confidence) == ("code", 0.5)

    @pytest.mark.parametrize(
        "state",
        [
            POWERFUL,
            HumanMessage(POWERFUL),
            [HumanMessage("hi"), AIMessage("yes?"), HumanMessage(POWERFUL)],
            {"messages": [HumanMessage(POWERFUL)]},
            {"text": POWERFUL},
        ],
    )
    def test_the_latest_request_is_what_is_classified(state: Any) -> None:
        assert asked(ours(), state, {"chat": None, "code": None}).choice == "code"

    def test_prose_is_refused_with_the_cure() -> None:
        with pytest.raises(ConfigurationError, match="its criteria are prose; list tasks"):
            asked(ours(), POWERFUL, {"fast": "Simple, well-scoped tasks.", "code": None})

    def test_tasks_that_nobody_knows_are_refused() -> None:
        with pytest.raises(ConfigurationError, match="'juggling' is no task"):
            asked(ours(), POWERFUL, {"fast": ["juggling"], "code": None})

    def test_other_questions_are_refused() -> None:
        question = Score(instructions="How hard?", criteria=["easy", "hard"])
        with pytest.raises(ConfigurationError, match="'q' is a question of type 'score'"):
            ours().invoke({"state": "x", "questions": {"q": question}})

    def test_a_classifier_that_is_not_local_is_refused_when_it_is_built() -> None:
        with pytest.raises(ConfigurationError, match="not a local one"):
            RouterDecisionModel(router=routed_by(Fixed(scores={"math": 0.8})))

    @pytest.mark.filterwarnings("ignore:The middleware `ModelRouterMiddleware` is in beta")
    @pytest.mark.parametrize("is_async", [False, True])
    @pytest.mark.parametrize(("text", "said"), [(FAST, "I am small"), (POWERFUL, "I am large")])
    def test_langchains_own_model_router_chooses_by_it(text: str, said: str, is_async: bool) -> None:
        from langchain.agents.middleware import ModelChoice, ModelRouterMiddleware

        models = chat_models(ScriptedModel({"small": "I am small", "large": "I am large"}))
        choices = {
            "fast": ModelChoice(model=models["small"], criteria="Simple, well-scoped tasks."),
            "powerful": ModelChoice(model=models["large"], criteria="Complex tasks."),
        }
        classifier = ours(meaning={"fast": ["chat"], "powerful": ["code", "reasoning"]})
        middleware: Any = ModelRouterMiddleware(choices=choices, instructions="Choose.", classifier=classifier)
        agent: Any = create_agent(model=models["small"], tools=[], middleware=[middleware])
        given = {"messages": [HumanMessage(text)]}
        answer = asyncio.run(agent.ainvoke(given)) if is_async else agent.invoke(given)
        assert answer["messages"][-1].text == said
