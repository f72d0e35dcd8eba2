"""A few tasks with examples, and prompts of each that are no examples."""

from __future__ import annotations

from taskroute.policy.schema import Task

TASKS = {
    "billing": Task(
        examples=(
            "Why was I charged twice this month?",
            "I need a refund for my last invoice",
            "The amount on my bill is wrong",
            "How do I change the credit card that you charge?",
            "Send me a copy of the invoice for March",
        ),
        keywords=("invoice", "refund"),
        description="Questions about invoices, payments and refunds",
    ),
    "delivery": Task(
        examples=(
            "Where is my parcel?",
            "My package has not arrived yet",
            "Can you track the shipment for me?",
            "The courier left the box at the wrong address",
            "When will my order be delivered?",
        ),
        keywords=("parcel",),
    ),
    "password": Task(
        examples=(
            "I forgot my password",
            "How can I reset my login?",
            "My account is locked after too many attempts",
            "The two-factor code never reaches my phone",
            "I cannot sign in to my account",
        ),
    ),
}

UNSEEN = {
    "You charged my credit card twice, please correct the bill": "billing",
    "the package with my order still has not been delivered": "delivery",
    "I can't sign in, my password does not work": "password",
}

OF_NO_TASK = (
    "Write a poem about autumn leaves",
    "What is the capital of Mongolia?",
    "asdf qwer zxcv uiop",
    "写一首关于秋天的诗",
    "😀😀😀",
    "1234 5678",
    "Wie wird das Wetter morgen in Berlin?",
)
