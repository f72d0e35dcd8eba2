"""The chain of the demonstration: an ordinary LangChain RAG pipeline around one routed chat model."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnablePassthrough

from taskroute_langchain import RoutedChatModel, stage

REWRITE: Final = "Rewrite the last question so that it can be understood without the conversation. Answer with the question only."
GRADE: Final = "Does this text help to answer the question? Answer yes or no."
ANSWER: Final = "Answer the question from these texts only, in at most three sentences. Name the text that each sentence comes from."
JUDGE: Final = "Is every sentence of the answer supported by these texts? Answer yes or no, and say why in one sentence."

_REWRITE = ChatPromptTemplate.from_messages([("system", REWRITE), MessagesPlaceholder("history"), ("human", "{question}")])
_GRADE = ChatPromptTemplate.from_messages([("system", GRADE), ("human", "Question: {question}\n\nText:\n{texts}")])
_ANSWER = ChatPromptTemplate.from_messages([("system", ANSWER), ("human", "Question: {question}\n\nTexts:\n{texts}")])
_JUDGE = ChatPromptTemplate.from_messages([("system", JUDGE), ("human", "Question: {question}\n\nTexts:\n{texts}\n\nAnswer:\n{answer}")])


def rag_chain(llm: RoutedChatModel, retriever: BaseRetriever) -> Runnable[dict[str, Any], dict[str, Any]]:
    """Return the chain. Each of its four steps tells its stage in another way; nothing else of it knows that it is routed."""
    rewrite = _REWRITE | llm.for_stage("query_rewrite") | StrOutputParser()
    grade = stage(_GRADE | llm | StrOutputParser(), "grade")
    # The name that LangChain's create_stuff_documents_chain gives to its own: it is enough to know the stage.
    answer = (_ANSWER | llm | StrOutputParser()).with_config(run_name="stuff_documents_chain")
    judge = _JUDGE | llm.with_config(tags=["stage:judge"]) | StrOutputParser()
    return (
        RunnablePassthrough.assign(question=rewrite)
        | RunnablePassthrough.assign(documents=itemgetter("question") | retriever)
        | RunnablePassthrough.assign(documents=_kept_by(grade))
        | RunnablePassthrough.assign(texts=lambda inputs: joined(inputs["documents"]))
        | RunnablePassthrough.assign(answer=answer)
        | RunnablePassthrough.assign(verdict=judge)
    )


def _kept_by(grade: Runnable[Any, str]) -> RunnableLambda[dict[str, Any], list[Document]]:
    def kept(inputs: dict[str, Any], config: RunnableConfig) -> list[Document]:
        documents: list[Document] = inputs["documents"]
        asked = [{"question": inputs["question"], "texts": joined([document])} for document in documents]
        # One after the other, so that the same run is printed every time.
        verdicts = grade.batch(asked, {**config, "max_concurrency": 1})
        good = [document for document, verdict in zip(documents, verdicts, strict=True) if verdict.strip().casefold().startswith("yes")]
        return good or documents[:1]

    return RunnableLambda(kept)


def joined(documents: list[Document]) -> str:
    """Return the documents as one text, each under its name."""
    return "\n\n".join(f"[{document.metadata['source']}]\n{document.page_content.strip()}" for document in documents)
