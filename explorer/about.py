"""What the program says about itself and about the checkpoint that is open."""

from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.opening import Opened


def version() -> str:
    """Of the program; empty where it runs without being installed."""
    try:
        return metadata.version("sketch-explorer")
    except metadata.PackageNotFoundError:
        return ""


def about(opened: "Opened | None") -> str:
    """Name, version, licence and the card of the checkpoint, as rich text."""
    lines = [
        f"<h3>Sketch Explorer {version()}</h3>",
        "<p>See and play with the latent space of a sketch generator.</p>",
        "<p>MIT licence. Icons by Lucide (ISC licence). The checkpoints that come with the program were trained on "
        "<a href='https://quickdraw.withgoogle.com/data'>Quick, Draw!</a> by Google (CC BY 4.0).</p>",
    ]
    if opened is not None:
        lines.append("<hr><table cellspacing='4'>")
        lines += [f"<tr><td>{name}&nbsp;&nbsp;</td><td>{value}</td></tr>" for name, value in card(opened)]
        lines.append("</table>")
    return "\n".join(lines)


def card(opened: "Opened") -> list[tuple[str, str]]:
    """(what, value) of the checkpoint: what it was trained on, how it is built, and what was measured."""
    checkpoint, config = opened.checkpoint, opened.checkpoint.model_config
    names = ", ".join(checkpoint.categories[:8]) + (" …" if len(checkpoint.categories) > 8 else "")
    rows = [
        ("Checkpoint", opened.title),
        ("Trained on", f"{len(checkpoint.categories)} categories: {names}"),
        ("On the map", f"{len(opened.atlas):,} drawings"),
        ("Model", f"encoder {config.encoder_hidden}, decoder {config.decoder_hidden}, z {config.latent}"),
        ("Attention", "yes" if config.attention else "no"),
        ("N_max", str(checkpoint.max_points)),
    ]
    figures = checkpoint.figures
    rows += [(f"Validation {name}", f"{figures[name]:.3f}") for name in ("L_R", "L_KL") if name in figures]
    rows += [("Epochs", f"{figures['epochs']:,.0f}")] if "epochs" in figures else []
    rows.append(("SHA-256", checkpoint.digest[:16] + " …"))
    return rows
