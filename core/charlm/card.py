"""What the model card of a character model says."""

from core.i18n import N_
from core.model_card import Figure, ModelCard

CARD = ModelCard(
    "text-generation",
    ("character-level", "lstm"),
    (
        Figure("val_loss_nats", "loss", N_("nats per character, windows of 64 characters, each from a zero state")),
        Figure(
            "val_loss_nats_256", "loss", N_("nats per character, windows of 256 characters, each from a zero state")
        ),
        Figure("val_loss_nats_streaming", "loss", N_("nats per character, the state carried through the whole part")),
        Figure("val_bits_per_char", "bits_per_character", N_("bits per character, windows of 64 characters")),
    ),
    (
        N_("It continues text character by character in the manner of its training text; it knows no facts."),
        N_("Characters that the training text lacks are read as one unknown character."),
        N_("It may repeat passages of its training text: do not publish one trained on what is private."),
    ),
)
