"""How high the highest alpha bin stands above its flanks by chance, and the highest of those at the mains: white noise.

Prints the 95th and 99th percentile in dB for spectra averaged over 8 s and 4 s (stretches of 2 s): where
`readings::STANDS_OUT_DB` comes from.
"""
import numpy as np, scipy.signal as ss
rng=np.random.default_rng(0); fs=250
for secs,n in [(8,2000),(4,1500)]:
    a=[];m=[]
    x=rng.standard_normal((n,int(fs*secs)))
    f,p=ss.welch(x,fs,nperseg=500)
    al=(f>=8)&(f<=13); fl1=(f>=5)&(f<7); fl2=(f>=14)&(f<17)
    a=10*np.log10(p[:,al].max(1)/(0.5*(p[:,fl1].mean(1)+p[:,fl2].mean(1))))
    mm=[]
    for hz in (50,60):
        b=(f>=hz-1)&(f<=hz+1); n1=(f>=hz-6)&(f<hz-2); n2=(f>=hz+2)&(f<hz+6)
        mm.append(10*np.log10(p[:,b].max(1)/(0.5*(p[:,n1].mean(1)+p[:,n2].mean(1)))))
    m=np.maximum(*mm)
    print(secs, "alpha 95/99 %", np.percentile(a,[95,99]).round(2), "mains", np.percentile(m,[95,99]).round(2))
