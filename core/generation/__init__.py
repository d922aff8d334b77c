"""Autoregressive decoding of latent codes: batched, cached, cancellable between steps."""

from core.generation.decoder import Partial, SketchDecoder, compile_steps, prior_codes
from core.generation.sampling import SamplingConfig

__all__ = ["Partial", "SamplingConfig", "SketchDecoder", "compile_steps", "prior_codes"]
